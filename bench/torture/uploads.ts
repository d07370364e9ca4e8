/**
 * Large uploads, one after the other, whole, cut, refused and killed: the memory of the server stays what it was, and
 * nothing is left in `uploads/`. The files are PDFs of a few pages with as much in the middle as wanted, each another, and an
 * update at their end that leads past it: cheap to read, so that receiving them is what is measured. Every tenth lacks that
 * update, and all of it goes through the server to the reader process. Every fifth comes as a resumable upload whose
 * connection is cut, every tenth is refused, every tenth is given up half-way. Documents are deleted once they are ready.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, type DocumentAnswer, signToken } from '../lib/client.ts'
import { memoryOf } from '../lib/process-memory.ts'
import { seededRandom } from '../lib/random.ts'
import { type RunningServer, startServer } from '../lib/server.ts'
import { median } from '../lib/statistics.ts'
import { TusClient } from '../lib/tus-client.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'

const filesDefault = 200
const megabytesDefault = 50
const killsDefault = 4
/** Uploads over whose time a median is taken, so that a garbage collection that is due does not count. */
const windowUploads = 20
/** Uploads before those that count: heaps and caches fill with the first window, the second is what the others are held to. */
const warmUps = 2 * windowUploads
const driftMegabytesMax = 30
const sampleMs = 100
const waitMsMax = 30_000
const secret = 'a secret that only this torture knows, long enough'
const user = 'ann'
const sample = new URL('../../samples/reading-with-a-pencil.pdf', import.meta.url)
const boundary = 'torture-boundary'

type Failure = Record<string, unknown>
type Kind = 'whole' | 'resumed' | 'refused' | 'aborted'

export async function uploads({
  seed,
  files = filesDefault,
  megabytes = megabytesDefault,
  kills = killsDefault,
  say,
}: TortureOptions): Promise<TortureResult> {
  const random = seededRandom(seed)
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-uploads-'))
  const token = await signToken(secret, user)
  const large = largeFile(megabytes * 2 ** 20, random)
  const failures: Failure[] = []
  const counts: Record<Kind, number> = { whole: 0, resumed: 0, refused: 0, aborted: 0 }
  const server = await start(dataDir)
  try {
    const memory = watchMemory(server.pid)
    for (let at = 0; at < warmUps + files; at++) {
      const kind = kindOf(at)
      if (at >= warmUps) counts[kind]++
      large.stamp(kind, at)
      const fault = await uploadOne(server, token, kind, large.bytes, random)
      if (fault !== undefined) failures.push({ what: fault, kind, at })
      const isLast = at === warmUps + files - 1
      if (at % windowUploads !== windowUploads - 1 && !isLast) continue
      const { typical, peak } = memory.endWindow()
      say(`${at + 1} uploads, ${typical} MB, at most ${peak} MB`)
    }
    const flat = flatness(memory.stop())
    failures.push(...(await leftOver(dataDir, 'after the uploads')))
    await server.kill()
    for (let kill = 0; kill < kills; kill++) {
      large.stamp('whole', warmUps + files + kill)
      failures.push(...(await killDuring(dataDir, token, large.bytes, random)))
    }
    if (flat.drift_mb > driftMegabytesMax) failures.push({ what: 'memory is not flat', ...flat })
    return {
      figures: { files, megabytes, ...counts, kills, ...flat, failures: failures.length },
      failures,
    }
  } finally {
    // Where something above threw: it may be there still.
    await server.kill()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

function start(dataDir: string): Promise<RunningServer> {
  return startServer(dataDir, { JWT_SECRET: secret, POOL_IDLE_MS: '500' })
}

function kindOf(at: number): Kind {
  if (at % 10 === 3) return 'refused'
  if (at % 10 === 7) return 'aborted'
  return at % 5 === 4 ? 'resumed' : 'whole'
}

/** One buffer for all, with a stamp that makes each another file. */
function largeFile(bytes: number, random: () => number) {
  const head = readFileSync(sample)
  const place = head.length + bytes
  const update = Buffer.from(updateAt(head, place))
  const file = Buffer.alloc(place + update.length, 'x')
  for (let at = head.length; at + 4 < place; at += 64)
    file.writeUInt32LE(Math.floor(random() * 2 ** 32), at)
  return {
    bytes: file,
    stamp: (kind: Kind, at: number): void => {
      head.copy(file)
      // Nothing that can be read begins like this.
      if (kind === 'refused') file.write('MZ\0\0', 0, 'latin1')
      file.write(`\n%${at} ${random()}\n`.padEnd(40), head.length, 'latin1')
      if (at % 10 === 0) file.fill('x', place)
      else update.copy(file, place)
    },
  }
}

/** An update that changes nothing, as it stands at `place`. */
function updateAt(pdf: Buffer, place: number): string {
  const text = pdf.toString('latin1')
  const [, root] = /\/Root (\d+ 0 R)/.exec(text) ?? []
  const [, size] = /\/Size (\d+)/.exec(text) ?? []
  const [, previous] = /startxref\s+(\d+)\s+%%EOF\s*$/.exec(text) ?? []
  const trailer = `<< /Size ${size} /Root ${root} /Prev ${previous} >>`
  return `\nxref\n0 0\ntrailer\n${trailer}\nstartxref\n${place + 1}\n%%EOF\n`
}

/** @returns what went wrong, or undefined */
async function uploadOne(
  server: RunningServer,
  token: string,
  kind: Kind,
  file: Buffer,
  random: () => number,
): Promise<string | undefined> {
  const tus = new TusClient(server.url, token)
  if (kind === 'aborted') {
    const cut = { bytes: Math.floor(file.length * random()) }
    const cutOff = await multipart(tus, file, cut).catch((error: Error) => error)
    return cutOff instanceof Error ? undefined : 'a cut upload was answered'
  }
  const answer = kind === 'resumed' ? await resumed(tus, file, random) : await multipart(tus, file)
  if (kind === 'refused') return answer.status === 415 ? undefined : `refused with ${answer.status}`
  const id = answer.headers['carrel-documents'] ?? idOf(answer.text)
  if (id === undefined) return `status ${answer.status}: ${answer.text}`
  const client = new Client(server.url, token)
  const document = await client.settled(String(id))
  if (document.status !== 'ready') return `not read: ${document.error?.detail}`
  if (document.sha256 !== createHash('sha256').update(file).digest('hex')) return 'other bytes'
  const { status } = await client.request('DELETE', `/v1/documents/${id}`)
  return status === 204 ? undefined : `not deleted: ${status}`
}

function multipart(tus: TusClient, file: Buffer, cut?: { bytes: number }) {
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="large.pdf"\r\n\r\n`
  const body = Buffer.concat([Buffer.from(head), file, Buffer.from(`\r\n--${boundary}--\r\n`)])
  const headers = {
    'Content-Type': `multipart/form-data; boundary=${boundary}`,
    'Content-Length': String(body.length),
  }
  return tus.send('POST', '/v1/documents', headers, body, cut)
}

async function resumed(tus: TusClient, file: Buffer, random: () => number) {
  const path = await tus.create(file.length, { filename: 'large.pdf' })
  const cut = { bytes: Math.floor(file.length * random()) }
  await tus.patch(path, file, 0, cut).catch(() => undefined)
  return tus.patch(path, file, await tus.offset(path))
}

function idOf(text: string): string | undefined {
  const { documents } = JSON.parse(text) as { documents?: DocumentAnswer[] }
  return documents?.[0]?.id
}

/** A server dies while it receives, and the next one cleans up. */
async function killDuring(
  dataDir: string,
  token: string,
  file: Buffer,
  random: () => number,
): Promise<Failure[]> {
  const dying = await start(dataDir)
  const cut = { bytes: Math.floor(file.length * random()), ready: () => dying.kill() }
  await multipart(new TusClient(dying.url, token), file, cut).catch(() => undefined)
  const server = await start(dataDir)
  const failures = await leftOver(dataDir, 'after kill -9')
  const exitCode = await server.stop()
  return exitCode === 0 ? failures : [...failures, { what: 'a stop was not clean', exitCode }]
}

/** Waits until nothing is left but records of resumable uploads, or says what is. */
async function leftOver(dataDir: string, when: string): Promise<Failure[]> {
  const endMs = performance.now() + waitMsMax
  for (;;) {
    const names = readdirSync(join(dataDir, user), { recursive: true, encoding: 'utf8' })
    const left = names.filter((name) =>
      /^(?:uploads|books)\/(?!partial(?:$|\/\w+\.json$))/.test(name),
    )
    if (left.length === 0) return []
    if (performance.now() > endMs) return [{ what: 'left over', when, left }]
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

interface MemoryWindow {
  /** Megabytes, as the following. */
  readonly typical: number
  readonly peak: number
}

/** Looks at a process all the time, during uploads as well as between them, and sums up windows of it. */
function watchMemory(pid: number) {
  const windows: MemoryWindow[] = []
  let samples: number[] = []
  const look = (): void => {
    samples.push(memoryOf(pid).residentBytes / 2 ** 20)
  }
  const timer = setInterval(look, sampleMs)
  return {
    endWindow(): MemoryWindow {
      look()
      const window = {
        typical: Math.round(median(samples)),
        peak: Math.round(Math.max(...samples)),
      }
      windows.push(window)
      samples = []
      return window
    },
    stop(): readonly MemoryWindow[] {
      clearInterval(timer)
      return windows
    },
  }
}

/** What windows typically hold beside the one that ends the warm-up, and the most that was held at any time after it. */
function flatness([, warm, ...windows]: readonly MemoryWindow[]) {
  const typical = windows.map((window) => window.typical)
  const baseline = warm?.typical ?? Number.NaN
  return {
    memory_mb_warm: baseline,
    memory_mb_last: typical.at(-1) ?? Number.NaN,
    memory_mb_peak: Math.max(...windows.map(({ peak }) => peak)),
    drift_mb: Math.max(...typical.map((one) => Math.abs(one - baseline))),
  }
}
