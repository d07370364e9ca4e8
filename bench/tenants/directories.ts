/** Many small libraries: a server makes one, the others are copies of its files with a name and a generation of their own. */
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { openDb } from '../../src/base/sqlite.ts'
import { Control } from '../../src/control/control.ts'
import { appDbPath, controlDbPath, serverDirectory } from '../../src/tenancy/layout.ts'
import { appApplicationId, appMigrations } from '../../src/tenancy/schema.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { Client, signToken } from '../lib/client.ts'
import { startServer } from '../lib/server.ts'
import type { CopyOrder } from './copy-thread.ts'

export const secret = 'the tenants bench signs its own tokens with this'
/** One length for all, so that a name is replaced in place. */
const digits = 6
const rowsTogether = 5_000
const threads = 2
const lookMs = 50

/** @param at at least 1: 0 is the one that the others are copies of */
export const tenantAt = (at: number): string => `u${String(at).padStart(digits, '0')}`

const notes: Readonly<Record<string, string>> = {
  heron: 'The heron stands in the reeds at dawn and waits for what the tide brings to the shore.',
  lease: 'The lease of the flat ends in March; notice is due three months before, in writing.',
  bread: 'Let the dough of rye and wheat rise overnight, then bake it in a hot iron pot.',
  tax: 'Receipts of the year are in the blue folder; the tax office wants them by the end of May.',
  route: 'From the harbour the path climbs past the chapel to the ridge and back along the river.',
}
/** Of words that the notes have, and of some that they have not. */
export const questions: readonly string[] = [
  ...[
    'heron in the reeds',
    'when does the lease end',
    'rye bread',
    'tax receipts',
    'path to the ridge',
  ],
  ...[
    'harbour',
    'notice in writing',
    'iron pot',
    'blue folder',
    'what the tide brings',
    'glacier walks',
  ],
]

export interface Template {
  readonly directory: string
  readonly tenant: string
  readonly generation: string
  /** Of its files, as the disk has them. */
  readonly bytesOnDisk: number
}

/** A library of five notes, read and embedded by a server, at rest. */
export async function makeTemplate(place: string): Promise<Template> {
  const tenant = tenantAt(0)
  mkdirSync(place)
  const server = await startServer(place, { JWT_SECRET: secret, REQUEST_LOG_MONTHS: '0' })
  try {
    const client = new Client(server.url, await signToken(secret, tenant))
    for (const [name, text] of Object.entries(notes)) {
      const bytes = new TextEncoder().encode(`# ${name}\n\n${text}\n`)
      const { status } = await client.settled((await client.upload(`${name}.md`, bytes)).id)
      if (status !== 'ready') throw new Error(`the note ${name} is ${status}`)
    }
    for (;;) {
      const { body } = await client.request<{ vectors: { pending: number } }>('GET', '/v1/me')
      if (body.vectors.pending === 0) break
      await new Promise((resolve) => setTimeout(resolve, lookMs))
    }
  } finally {
    await server.stop()
  }
  const directory = join(place, tenant)
  const generation = generationOf(directory)
  return { directory, tenant, generation, bytesOnDisk: bytesOnDisk(directory) }
}

/**
 * Directories of `tenantAt(from)` up to, not including, `tenantAt(to)`, known to control.db, without work left; no server may
 * have the data directory.
 */
export async function makeTenants(
  template: Template,
  dataDir: string,
  from: number,
  to: number,
): Promise<void> {
  const made = Array.from({ length: to - from }, (_, i) => ({
    tenant: tenantAt(from + i),
    generation: randomBytes(16).toString('hex'),
  }))
  await copyMany(template, dataDir, made)
  mkdirSync(serverDirectory(dataDir), { recursive: true, mode: 0o700 })
  const control = await Control.open(controlDbPath(dataDir))
  const atMs = Date.now() - 1_000
  for (let at = 0; at < made.length; at += rowsTogether)
    await Promise.all(
      made.slice(at, at + rowsTogether).flatMap(({ tenant: userId, generation }) => {
        const id = userId as TenantId
        const added = control.addTenant({ id, userId, generation, atMs })
        return added.then(() => control.setHint(id, false))
      }),
    )
  await control.close()
}

/** Directories beside the data, for whoever opens them without a server. */
export async function copyMany(
  template: Template,
  into: string,
  made: readonly { readonly tenant: string; readonly generation: string }[],
): Promise<void> {
  mkdirSync(into, { recursive: true, mode: 0o700 })
  const share = Math.ceil(made.length / threads)
  const url = new URL('./copy-thread.ts', import.meta.url)
  const parts = Array.from({ length: threads }, (_, at) => made.slice(at * share, (at + 1) * share))
  await Promise.all(
    parts.map((part) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const worker = new Worker(url, { workerData: { template, into, made: part } as CopyOrder })
      worker.once('error', reject).once('exit', () => resolve())
      return promise
    }),
  )
}

function generationOf(directory: string): string {
  const db = openDb(appDbPath(directory), {
    ...{ mode: 'open', synchronous: 'NORMAL' },
    ...{ applicationId: appApplicationId, migrations: appMigrations },
  })
  const row = db.get<{ value: string }>("SELECT value FROM meta WHERE key = 'generation'")
  db.close()
  if (!row) throw new Error('the library has no generation')
  return row.value
}

/** Blocks of 512 bytes, whatever the file system's own are (stat(2)). */
function bytesOnDisk(directory: string): number {
  const paths = [
    directory,
    ...readdirSync(directory, { recursive: true, encoding: 'utf8' }).map((name) =>
      join(directory, name),
    ),
  ]
  return paths.reduce((sum, path) => sum + statSync(path).blocks * 512, 0)
}

/** Reads the files, so that the system has them in memory. */
export function warmFiles(dataDir: string, tenant: string): void {
  for (const name of ['app.db', 'vecs.db']) {
    const path = join(dataDir, tenant, name)
    if (existsSync(path)) readFileSync(path)
  }
}
