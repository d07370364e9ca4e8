/** The command line of an operator, for real: with a server that runs and without one. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Client, signToken } from '../bench/lib/client.ts'
import { startServer } from '../bench/lib/server.ts'
import { temporaryDirectory } from './helpers.ts'

/** Every command is a process of its own, a second or two each on a busy machine. */
const timeoutMs = 120_000

const secret = 'a secret for backups of more than 32 bytes'
const settings = { JWT_SECRET: secret }
const entry = fileURLToPath(new URL('../bin/carrel.mjs', import.meta.url))
const users = ['ann', 'ben', 'Cleo@example.org']

function carrel(dataDir: string, ...args: string[]): { code: number; out: string; err: string } {
  try {
    const out = execFileSync(process.execPath, [entry, ...args], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', DATA_DIR: dataDir },
      stdio: 'pipe',
    })
    return { code: 0, out, err: '' }
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string }
    return { code: status, out: stdout, err: stderr }
  }
}

async function clients(url: string): Promise<Client[]> {
  return Promise.all(users.map(async (user) => new Client(url, await signToken(secret, user))))
}

const texts = (found: readonly { text: string }[]): string[] => found.map(({ text }) => text)

test('backup --all of a running server, restored into an empty one, gives the same answers', {
  timeout: timeoutMs,
}, async () => {
  const [dataDir, elsewhere, kept] = [
    temporaryDirectory(),
    temporaryDirectory(),
    temporaryDirectory(),
  ]
  const server = await startServer(dataDir, settings)
  const before = []
  for (const [at, client] of (await clients(server.url)).entries()) {
    const bytes = new TextEncoder().encode(`# Notes\n\nThe numbat of ${users[at]} eats termites.\n`)
    await client.settled((await client.upload('n.md', bytes)).id)
    before.push(texts(await client.search('numbat termites')))
  }
  const done = carrel(dataDir, 'backup', '--all', '--to', kept)
  expect(done).toMatchObject({ code: 0 })
  const audit = carrel(dataDir, 'audit', 'verify')
  expect(audit).toMatchObject({ code: 0 })
  // Three uploads, three snapshots made and removed, a copy of control.db.
  expect(JSON.parse(audit.out)).toMatchObject({ rows: 10, faults: [], names: [] })
  const { directory, libraries } = JSON.parse(done.out)
  expect(libraries).toBe(3)
  expect(readdirSync(directory).sort()).toEqual(
    [...readdirSync(dataDir).filter((name) => name !== '.carrel'), 'control.db'].sort(),
  )
  expect(readdirSync(join(dataDir, '.carrel/snapshots/ann'))).toEqual([])
  expect(readdirSync(join(dataDir, '.carrel/staging'))).toEqual([])
  expect(carrel(dataDir, 'restore', '--all', directory)).toMatchObject({ code: 1 })
  const [ann] = await clients(server.url)
  expect(await ann?.documents()).toHaveLength(1)
  await server.stop()

  expect(carrel(elsewhere, 'restore', '--all', directory)).toMatchObject({ code: 0 })
  const other = await startServer(elsewhere, settings)
  const after = await Promise.all(
    (await clients(other.url)).map(async (client) => texts(await client.search('numbat termites'))),
  )
  expect(after).toEqual(before)
  await other.stop()
})

test('at rest with no server and with one: cp -r is a backup, and a copied directory is put in place as another user’s', {
  timeout: timeoutMs,
}, async () => {
  const [dataDir, kept] = [temporaryDirectory(), temporaryDirectory()]
  const server = await startServer(dataDir, settings)
  const [ann] = await clients(server.url)
  await ann?.settled(
    (await ann.upload('n.md', new TextEncoder().encode('# N\n\nThe bilby digs.'))).id,
  )
  expect(JSON.parse(carrel(dataDir, 'tenant', 'rest', 'ann').out)).toMatchObject({
    state: 'at_rest',
  })
  cpSync(join(dataDir, 'ann'), join(kept, 'ann'), { recursive: true })
  expect(JSON.parse(carrel(dataDir, 'tenant', 'release', 'ann').out).state).toBe('active')
  const copied = carrel(dataDir, 'restore', join(kept, 'ann'), '--as', 'dora')
  expect(copied).toMatchObject({ code: 0 })
  const dora = new Client(server.url, await signToken(secret, 'dora'))
  expect(await dora.search('bilby')).toHaveLength(1)
  expect(carrel(dataDir, 'restore', join(kept, 'ann'))).toMatchObject({ code: 1 })
  await server.stop()

  const made = JSON.parse(carrel(dataDir, 'snapshot', 'ann').out)
  expect(made).toMatchObject({ documents: 1 })
  expect(JSON.parse(carrel(dataDir, 'snapshots', 'ann').out).name).toBe(made.name)
  expect(JSON.parse(carrel(dataDir, 'restore', 'ann', made.name, '--replace').out).state).toBe(
    'active',
  )
  expect(carrel(dataDir, 'tenant', 'delete', 'ann')).toMatchObject({ code: 2 })
  expect(carrel(dataDir, 'tenant', 'delete', 'ann', '--confirm', 'ann')).toMatchObject({ code: 0 })
  expect(existsSync(join(dataDir, 'ann'))).toBe(false)
  expect(readdirSync(join(dataDir, '.carrel/replaced')).filter((n) => n.startsWith('ann'))).toEqual(
    [],
  )
  expect(carrel(dataDir, 'tenant', 'show', 'ann').err).toContain('not_found')
})

test('a damaged backup is refused, and nothing is put in place', {
  timeout: timeoutMs,
}, async () => {
  const [dataDir, elsewhere, kept] = [
    temporaryDirectory(),
    temporaryDirectory(),
    temporaryDirectory(),
  ]
  const server = await startServer(dataDir, settings)
  await (await clients(server.url))[0]?.documents()
  await server.stop()
  const { directory } = JSON.parse(carrel(dataDir, 'backup', 'ann', '--to', kept).out)
  const path = join(directory, 'ann', 'app.db')
  const bytes = readFileSync(path)
  bytes[5000] = (bytes[5000] ?? 0) ^ 1
  rmSync(path)
  writeFileSync(path, bytes)
  expect(carrel(elsewhere, 'restore', directory)).toMatchObject({ code: 1 })
  expect(readdirSync(elsewhere)).toEqual(['.carrel'])
})
