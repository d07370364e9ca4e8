/** A snapshot of a large library under a hundred durable writes a second: what its writers feel, how long it and its restore take. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, signToken } from './lib/client.ts'
import { type BenchContext, type BenchResult, type BenchRow, rounded } from './lib/report.ts'
import { startServer } from './lib/server.ts'
import { percentile } from './lib/statistics.ts'
import { makeLargeLibrary } from './snapshot/library.ts'

const megabytesDefault = 500
const writesPerSecond = 100
/** In company as in quiet. */
const writesMinDefault = 2_000
/** Of quiet between two snapshots. */
const quietWrites = 500
const roundsMax = 60
/** A p99 in company may be so much longer, whichever is more. */
const allowed = { factor: 2, ms: 15 }
const secret = 'the snapshot bench signs its own tokens with this'
const adminToken = 'the-snapshot-bench-asks-for-snapshots-with-it'
const user = 'ann'

interface Phase {
  readonly ms: number[]
  /** Writes that were refused or failed. */
  failed: number
}

/** @param options `sizes`: megabytes of the library, and writes of each kind */
export async function snapshotBench({
  say,
  sizes,
}: BenchContext & { readonly sizes?: readonly number[] | undefined }): Promise<BenchResult> {
  const [megabytes = megabytesDefault, writesMin = writesMinDefault] = sizes ?? []
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-snapshot-'))
  const quiet: Phase = { ms: [], failed: 0 }
  const company: Phase = { ms: [], failed: 0 }
  try {
    makeLargeLibrary(dataDir, user, megabytes)
    say(`a library of ${megabytes} MB is made`)
    const server = await startServer(dataDir, { JWT_SECRET: secret, ADMIN_TOKEN: adminToken })
    try {
      const ann = new Client(server.url, await signToken(secret, user))
      const admin = new Client(server.url, adminToken)
      const note = new TextEncoder().encode('# Note\n\nOf harbours.\n')
      const { id } = await ann.settled((await ann.upload('note.md', note)).id)
      await write(ann, id, { ms: [], failed: 0 }, (done) => done >= quietWrites / 2)
      const seconds: number[] = []
      let bytes = 0
      for (let round = 0; round < roundsMax && company.ms.length < writesMin; round++) {
        await write(ann, id, quiet, (done) => done >= quietWrites)
        let isMade = false
        const startMs = performance.now()
        const [made] = await Promise.all([
          admin
            .request<{ name: string; bytes: number }>('POST', `/admin/v1/tenants/${user}/snapshots`)
            .finally(() => {
              isMade = true
              seconds.push((performance.now() - startMs) / 1_000)
            }),
          write(ann, id, company, () => isMade),
        ])
        if (made.status !== 201) throw new Error(`no snapshot: ${JSON.stringify(made)}`)
        bytes = made.body.bytes
        say(
          `${company.ms.length} writes in company, the snapshot took ${rounded(seconds.at(-1) ?? 0)} s`,
        )
        if (company.ms.length >= writesMin) continue
        await admin.request('DELETE', `/admin/v1/tenants/${user}/snapshots/${made.body.name}`)
      }
      while (quiet.ms.length < writesMin) await write(ann, id, quiet, (done) => done >= quietWrites)
      const restoreS = await restore(admin)
      const [p99, p99InCompany] = [percentile(quiet.ms, 0.99), percentile(company.ms, 0.99)]
      const p99Max = Math.max(allowed.factor * p99, p99 + allowed.ms)
      return {
        rows: [rowOf('quiet', quiet), rowOf('while a snapshot is made', company)],
        ratios: {
          megabytes: rounded(bytes / 1e6),
          snapshots: seconds.length,
          snapshot_s: rounded(percentile(seconds, 0.5)),
          restore_s: rounded(restoreS),
          p99_quiet_ms: rounded(p99),
          p99_company_ms: rounded(p99InCompany),
          p99_company_to_quiet: rounded(p99InCompany / p99),
          p99_company_to_allowed: rounded(p99InCompany / p99Max),
        },
      }
    } finally {
      await server.stop()
    }
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** So many a second whether those before are answered or not; a write that begins late counts from when it was due. */
async function write(
  client: Client,
  id: string,
  phase: Phase,
  isEnough: (done: number) => boolean,
): Promise<void> {
  const startMs = performance.now()
  const under: Promise<void>[] = []
  for (let at = 0; !isEnough(at); at++) {
    const dueMs = startMs + (at * 1_000) / writesPerSecond
    await sleep(Math.max(0, dueMs - performance.now()))
    under.push(
      client.request('PATCH', `/v1/documents/${id}`, { tags: [`tag-${at}`] }).then(({ status }) => {
        phase.ms.push(performance.now() - dueMs)
        if (status !== 200) phase.failed++
      }),
    )
  }
  await Promise.all(under)
}

async function restore(admin: Client): Promise<number> {
  const { body } = await admin.request<{ items: { name: string }[] }>(
    'GET',
    `/admin/v1/tenants/${user}/snapshots`,
  )
  const startMs = performance.now()
  const path = `/admin/v1/tenants/${user}/snapshots/${body.items[0]?.name}/restore`
  const { status } = await admin.request('POST', path, { as: 'ben' })
  if (status !== 200) throw new Error(`not restored: ${status}`)
  return (performance.now() - startMs) / 1_000
}

function rowOf(what: string, { ms, failed }: Phase): BenchRow {
  return {
    what,
    writes: ms.length,
    failed,
    p50_ms: rounded(percentile(ms, 0.5)),
    p95_ms: rounded(percentile(ms, 0.95)),
    p99_ms: rounded(percentile(ms, 0.99)),
    max_ms: rounded(Math.max(...ms)),
  }
}
