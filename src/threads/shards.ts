/** All shards: every tenant belongs to exactly one, chosen by its name. */
import { createHash } from 'node:crypto'
import { JsonText } from '../base/json-text.ts'
import { Problem } from '../base/problem.ts'
import type { Trace } from '../base/trace.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { QueueLimits } from './call-queue.ts'
import { operationTraits } from './operation-traits.ts'
import type { OperationName, Operations } from './operations.ts'
import type { PoolOperationName } from './pool-operations.ts'
import type { ShardWorkerData, StoreClosed, Target } from './protocol.ts'
import { Shard, type ShardOptions, type ShardStats } from './shard.ts'

/** Long enough for a search in a very large library, short enough that a person has not left. */
const deadlineMsDefault = 15_000

/** Nobody waits for a store to be lent or closed but an operator, and it must not be refused because its tenant is loud. */
const poolDeadlineMs = 120_000

export interface ShardsOptions {
  readonly count: number
  readonly worker: ShardWorkerData
  readonly limits: QueueLimits
  readonly entry?: URL
  readonly stuckMs?: number
  readonly onClosed: (closed: readonly StoreClosed[]) => void
  readonly onFitDue?: (tenant: TenantId) => void
  readonly onEmbedDue?: (tenant: TenantId) => void
  readonly onDeath: (error: unknown) => void
  readonly onFault: ShardOptions['onFault']
  readonly onTiming?: NonNullable<ShardOptions['onTiming']>
  /** Told of the time that a thread spent on a tenant. */
  readonly onWorked?: (tenant: TenantId, seconds: number) => void
}

export interface CallOptions {
  /** Says whether anybody still waits; looked at now and then. */
  readonly signal?: Pick<AbortSignal, 'aborted'> | undefined
  readonly deadlineMs?: number
  /** Of the request that it is for. */
  readonly trace?: Trace | undefined
}

const noOptions: CallOptions = {}

export class Shards {
  readonly #shards: readonly Shard[]

  constructor({ count, ...options }: ShardsOptions) {
    this.#shards = Array.from({ length: count }, () => new Shard(options satisfies ShardOptions))
  }

  /**
   * Runs an operation on the tenant's store, in the one thread that owns it.
   * @throws Problem what the operation throws, or `too_many_requests`, `overloaded`, `deadline_exceeded`,
   * `shard_restarted`, `shutting_down`
   */
  call<Name extends OperationName>(
    target: Target,
    operation: Name,
    args: Operations[Name]['args'],
    options: CallOptions = noOptions,
  ): Promise<Operations[Name]['result']> {
    return this.#send(target, operation, args, operationTraits[operation].lane, options)
  }

  /** As `call`; the result comes as the JSON it is sent as. @throws Problem as `call` */
  async callText<Name extends OperationName>(
    target: Target,
    operation: Name,
    args: Operations[Name]['args'],
    options: CallOptions = noOptions,
  ): Promise<JsonText<Operations[Name]['result']>> {
    const { lane } = operationTraits[operation]
    return new JsonText(await this.#send<string>(target, operation, args, lane, options, true))
  }

  /** Does something with the tenant's store as a whole. @throws Problem as `call` */
  callPool(target: Target, operation: PoolOperationName): Promise<boolean> {
    return this.#send(target, operation, null, 'background', { deadlineMs: poolDeadlineMs })
  }

  #send<Result>(
    target: Target,
    operation: OperationName | PoolOperationName,
    args: unknown,
    lane: 'interactive' | 'background',
    { signal, deadlineMs = deadlineMsDefault, trace }: CallOptions,
    isText = false,
  ): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    const nowMs = performance.now()
    const end = trace?.begin?.(operation)
    if (end)
      promise.then(
        () => end('ok'),
        (error: unknown) => end(error instanceof Problem ? error.code : 'internal'),
      )
    this.#shardOf(target.tenant).call({
      tenant: target.tenant,
      lane,
      queuedAtMs: nowMs,
      target,
      operation,
      args,
      isText,
      deadlineAtMs: nowMs + deadlineMs,
      signal,
      requestId: trace?.requestId,
      resolve: resolve as (result: unknown) => void,
      reject,
    })
    return promise
  }

  /** Whether a line is so long that whoever was sent away from it should not come again yet. */
  get isNearlyFull(): boolean {
    return this.#shards.some((shard) => shard.isNearlyFull)
  }

  stats(): readonly ShardStats[] {
    return this.#shards.map((shard) => shard.stats())
  }

  async close(drainMs: number): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.close(drainMs)))
  }

  #shardOf(tenant: TenantId): Shard {
    const shard = this.#shards[shardIndex(tenant, this.#shards.length)]
    if (!shard) throw new Problem('internal', 'There is no shard.')
    return shard
  }
}

/** The same name always gives the same shard while the number of shards stays. */
export function shardIndex(tenant: TenantId, count: number): number {
  return count === 1 ? 0 : createHash('sha1').update(tenant).digest().readUInt32BE(0) % count
}
