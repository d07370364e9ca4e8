/** Entry of a shard: owns a pool of stores, runs operations one after another, and keeps house between them. */
import { parentPort, workerData } from 'node:worker_threads'
import { isDiskFailing, machineProblem } from '../base/machine-fault.ts'
import { Problem } from '../base/problem.ts'
import { sharedNowMs } from '../base/shared-clock.ts'
import { sqliteCode } from '../base/sqlite.ts'
import { type Lease, Pool } from '../tenancy/pool.ts'
import { databaseBytes, isAtWall, moveWalls, quotaProblem } from '../tenancy/quota.ts'
import type { Store } from '../tenancy/store.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { createShardContext } from './context.ts'
import { Housekeeper } from './housekeeper.ts'
import { isOperationName, operations } from './operations.ts'
import { Outbox } from './outbox.ts'
import { isPoolOperationName, poolOperations } from './pool-operations.ts'
import type { CallMessage, FromShard, Reply, ShardWorkerData, ToShard } from './protocol.ts'

/** Replies are posted together, but no finished one waits longer than this for its neighbours. */
const replyDelayMaxMs = 1

const port = parentPort
if (!port) throw new Error('shard-worker.ts runs as a thread')
const data = workerData as ShardWorkerData

const outbox = new Outbox((gathered) => {
  const message: FromShard = { ...gathered, pool: pool.stats(), sentAtMs: sharedNowMs() }
  port.postMessage(message)
})
/** Whose disk failed in the life of this thread. */
const distrusted = new Set<TenantId>()
const context = createShardContext(data.ranking, data.vectorCacheBytesMax, data.embedder)
const housekeeper = new Housekeeper(context, {
  pool: () => pool,
  onFitDue: (tenant) => {
    outbox.fitDue(tenant)
    outbox.post()
  },
  onEmbedDue: (tenant) => {
    outbox.embedDue(tenant)
    outbox.post()
  },
})
const pool: Pool = new Pool({
  dataDir: data.dataDir,
  storesMax: data.storesMax,
  idleMs: data.idleMs,
  hasWork: (store) => distrusted.has(store.tenant) || housekeeper.hasWork(store),
  onOpen: (store) => housekeeper.opened(store),
  onClosing: (store) => housekeeper.closing(store),
  onClose: (store) => outbox.closed(store),
})
const sweep = setInterval(
  () => {
    pool.closeIdle()
    if (!outbox.isEmpty) outbox.post()
  },
  Math.max(100, data.idleMs / 4),
)

port.on('message', (message: ToShard) => {
  if (message === 'shutdown') {
    shutDown()
    return
  }
  let postedAtMs = performance.now()
  let nowMs = postedAtMs
  for (const call of message.calls) {
    const beganAtMs = nowMs
    const reply = run(call)
    nowMs = performance.now()
    reply.ms = nowMs - beganAtMs
    outbox.reply(reply)
    if (nowMs - postedAtMs < replyDelayMaxMs) continue
    outbox.post()
    nowMs = postedAtMs = performance.now()
  }
  if (!outbox.isEmpty) outbox.post()
  setImmediate(keepSpare)
  housekeeper.wake()
})

function keepSpare(): void {
  pool.keepSpare()
  if (!outbox.isEmpty) outbox.post()
}

const parts = {
  pool,
  context,
  leases: new Map<TenantId, Lease[]>(),
  forget: (tenant: TenantId) => housekeeper.forget(tenant),
}

function run(call: CallMessage): Reply {
  let used: Store | undefined
  try {
    if (isPoolOperationName(call.operation))
      return { id: call.id, ms: 0, ok: true, result: poolOperations[call.operation](parts, call) }
    if (!isOperationName(call.operation)) throw new Error(`no such operation: ${call.operation}`)
    const operation = operations[call.operation]
    const result = pool.use(call.tenant, call, (store) => {
      used = store
      if (operation.access === 'write') moveWalls(store)
      if (call.isText && operation.text) return operation.text(context, store, call.args as never)
      const given = operation.run(context, store, call.args as never)
      if (operation.access === 'write') housekeeper.look(store)
      return call.isText ? JSON.stringify(given) : given
    })
    return { id: call.id, ms: 0, ok: true, result }
  } catch (error) {
    if (used && isDiskFailing(error)) distrust(used.tenant)
    return { id: call.id, ms: 0, ok: false, ...asProblem((used && atWall(error, used)) ?? error) }
  }
}

/**
 * After a failed sync nobody knows which of the pages are on the disk, and a later sync would not say: the store is closed,
 * which writes everything to the file again, and opened anew by the next call. Its next start looks at it in any case.
 */
function distrust(tenant: TenantId): void {
  distrusted.add(tenant)
  try {
    pool.close(tenant)
  } catch {
    // The next call tries again.
  }
}

/** A full database is the user's share used up; a full disk is the operator's. SQLite says the same of both. */
function atWall(error: unknown, store: Store): Problem | undefined {
  const { database_bytes: limit } = store.quota
  if (sqliteCode(error) !== 'SQLITE_FULL' || limit === null) return undefined
  if (!isAtWall(store.app) && !isAtWall(store.vecs)) return undefined
  return quotaProblem({ which: 'database_bytes', used: databaseBytes(store), limit })
}

/** An unknown error keeps its stack for the log on the other side; the caller sees none of it. */
function asProblem(error: unknown): { problem: ReturnType<Problem['toData']>; stack?: string } {
  if (error instanceof Problem) return { problem: error.toData() }
  const code = sqliteCode(error) ?? ''
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const machine = machineProblem(error)
  if (machine)
    return { problem: machine.toData(), ...(machine.code === 'disk_failed' && { stack }) }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
    return {
      problem: {
        code: 'tenant_damaged',
        detail:
          'The database of this library is damaged: the operator can restore it from a backup.',
      },
      stack,
    }
  return { problem: { code: 'internal', detail: 'The operation failed inside the server.' }, stack }
}

function shutDown(): void {
  clearInterval(sweep)
  housekeeper.stop()
  pool.closeAll()
  outbox.post()
  port?.close()
}
