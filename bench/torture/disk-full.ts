/** A small disk, filled by people and by something else: refused with words, read all the while, and served again once there is room. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  rmdirSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../lib/client.ts'
import { seededRandom } from '../lib/random.ts'
import { startServer } from '../lib/server.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'
import { drop, FaultLoad, figuresOf, machineCodes, readyPolls } from './fault-load.ts'
import { type Ledger, newLedger } from './ledger.ts'
import { tokenOf } from './noted-client.ts'
import { settings } from './reopened.ts'
import { users } from './writer.ts'

const roundsDefault = 12
const diskMegabytes = 32
const writesOfRound = 12
const ballastMsMax = 20_000
const chunkBytes = 64 * 1024
const fileBytes = 700_000
const filesMax = 100

/** @returns why no small disk can be made here; undefined where it can */
export function mountFault(): string | undefined {
  const place = mkdtempSync(join(tmpdir(), 'carrel-disk-'))
  const tried = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place], {
    encoding: 'utf8',
  })
  if (tried.status === 0) execFileSync('umount', [place])
  rmdirSync(place)
  return tried.status === 0
    ? undefined
    : `a tmpfs cannot be mounted (try \`unshare -rm\`): ${tried.error?.message ?? tried.stderr.trim()}`
}

/** @param options `rounds`: how often the disk is filled */
export async function diskFull(options: TortureOptions): Promise<TortureResult> {
  const { seed, rounds = roundsDefault, say } = options
  const why = mountFault()
  if (why !== undefined) return { figures: { not_run: why }, failures: [{ what: 'not run', why }] }
  const random = seededRandom(seed)
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-disk-'))
  const size = `size=${diskMegabytes}m,mode=700`
  execFileSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', dataDir])
  const ledger = newLedger(readyPolls)
  try {
    const server = await startServer(dataDir, settings)
    const load = new FaultLoad(server, ledger, random)
    await load.write(users, 4)
    const ballast = join(dataDir, '.carrel/ballast')
    const filler = join(dataDir, '.carrel/filler')
    await there(ballast)
    const deleter = new Client(server.url, await tokenOf('deleter'))
    const spare = await deleter.upload('spare.md', Buffer.from('# Spare\n'))
    for (let round = 0; round < rounds; round++) {
      ledger.tolerated = (_user, code) => code === 'disk_full'
      if (round === 0) await fillByUploads(server.url, ledger)
      fill(filler, random() < 0.5 ? 0 : Math.floor(random() * 300_000))
      await load.write(users, writesOfRound)
      await load.read(users)
      // Gone once, it comes back within a minute; this is over sooner.
      if (round % 3 === 2 && existsSync(ballast)) {
        // What an operator does first.
        drop(ballast)
        await deletes(deleter, spare.id, ledger)
      }
      drop(filler)
      // A reading that the full disk stopped may be tried just now.
      await load.resumes(users)
      ledger.tolerated = () => false
      await load.write(users, 2)
      say(`filled ${round + 1} times, ${ledger.faults.length} faults`)
    }
    ledger.tolerated = (_user, code) => machineCodes.has(code)
    fill(filler, 0)
    await load.write(users, 4)
    drop(filler)
    await load.end(dataDir)
    return { figures: figuresOf(ledger), failures: ledger.faults }
  } finally {
    execFileSync('umount', ['-l', dataDir])
    rmdirSync(dataDir)
  }
}

/** As somebody else's program does, to the last byte but so many. */
function fill(path: string, left: number): void {
  writeFileSync(path, '')
  const { bavail, bsize } = statfsSync(path)
  const room = bavail * bsize - left
  const chunk = Buffer.alloc(chunkBytes, 1)
  try {
    for (let bytes = 0; left === 0 || bytes < room; bytes += chunkBytes) appendFileSync(path, chunk)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

/** One person brings files until there is no more room: the floor holds, and deleting them works. */
async function fillByUploads(url: string, ledger: Ledger): Promise<void> {
  const client = new Client(url, await tokenOf('filler'))
  const ids: string[] = []
  let refusal = ''
  for (let at = 0; at < filesMax && refusal === ''; at++) {
    // No text in it that would be indexed: the original is what fills.
    const bytes = Buffer.concat([
      Buffer.from(`# File ${at}\n\n<!-- `),
      Buffer.alloc(fileBytes, 'x'),
    ])
    try {
      ids.push((await client.upload(`${at}.html`, bytes)).id)
    } catch (error) {
      refusal = String(error)
    }
  }
  if (!refusal.includes('507') || !refusal.includes('disk_full'))
    ledger.faults.push({ what: 'the floor does not hold', refusal, files: ids.length })
  for (const id of ids) {
    const { status, body } = await client.request('DELETE', `/v1/documents/${id}`)
    if (status !== 204) ledger.faults.push({ what: 'not deleted under the floor', status, body })
  }
}

/** With the ballast gone, and the disk still full of something else, a document can be deleted. */
async function deletes(client: Client, id: string, ledger: Ledger): Promise<void> {
  const answer = await client.request('DELETE', `/v1/documents/${id}`)
  if (answer.status !== 204) ledger.faults.push({ what: 'the ballast gives no room', ...answer })
}

async function there(path: string): Promise<void> {
  const endMs = performance.now() + ballastMsMax
  while (!existsSync(path)) {
    if (performance.now() > endMs) throw new Error(`there is no ${path}`)
    await sleep(50)
  }
}
