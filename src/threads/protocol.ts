/** What crosses between the main thread and a shard: plain data, in batches. */
import type { ProblemData } from '../base/problem.ts'
import type { PoolStats } from '../tenancy/pool.ts'
import type { Quota } from '../tenancy/quota.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

export interface ShardWorkerData {
  readonly dataDir: string
  readonly storesMax: number
  readonly idleMs: number
  readonly ranking: RankingSettings
  /** Memory for vectors searched lately. */
  readonly vectorCacheBytesMax: number
  readonly embedder: 'builtin' | 'remote'
}

/** How a search weighs; settings of the server, the same for every search. */
export interface RankingSettings {
  readonly k1: number
  readonly b: number
  readonly titleWeight: number
  readonly sectionWeight: number
  /** Of the words in a hybrid search, 0 … 1; the vectors have the rest. */
  readonly keywordShare: number
}

/** Which store an operation runs on. Made from the principal; nothing else names a tenant. */
export interface Target {
  readonly tenant: TenantId
  /** Undefined only while the tenant is being made or found. */
  readonly generation: string | undefined
  readonly create: boolean
  /** Lives of this tenant that ended: their directories are not served, whoever put them there. */
  readonly deleted?: readonly string[]
  /** What the tenant may store; without one the last that was said stays. */
  readonly quota?: Quota
}

export interface CallMessage extends Target {
  readonly id: number
  readonly operation: string
  readonly args: unknown
  /** The result is wanted as JSON: text crosses more cheaply than an object, and is what will be sent. */
  readonly isText: boolean
}

export type ToShard = { readonly calls: readonly CallMessage[] } | 'shutdown'

export type Reply = {
  readonly id: number
  /** Time that the thread spent on it. */
  ms: number
} & (
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly problem: ProblemData; readonly stack?: string }
)

/** A store closed: at rest when no log is left, unfinished when somebody must come back. */
export interface StoreClosed {
  readonly tenant: TenantId
  readonly atRest: boolean
  readonly unfinished: boolean
}

export interface FromShard {
  readonly replies: readonly Reply[]
  readonly closed: readonly StoreClosed[]
  /** Libraries that the embedder should learn from (again). */
  readonly fits: readonly TenantId[]
  /** Libraries that may have passages without a vector of the remote embedder. */
  readonly embeds: readonly TenantId[]
  readonly pool: PoolStats
  /** By the clock of all threads. */
  readonly sentAtMs: number
}
