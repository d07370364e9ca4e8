/** Learning from libraries in the background: one at a time over the whole server, text taken and results given in batches. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem, type ProblemCode } from '../base/problem.ts'
import type { LsaModel } from '../search/embed/lsa.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { FitProcess } from './fit-process.ts'
import type { OperationName, Operations } from './operations.ts'

/** Four milliseconds of inserts: searches of the same shard do not notice. */
const termsPerPart = 500
/** A shard that restarts or is busy is asked again so often, so long after. */
const triesMax = 30
const retryDelayMs = 1_000
/** After a fit failed: what fails twice in a row mostly fails again. */
const failedDelayMsMin = 60_000
const failedDelayMsMax = 6 * 3_600_000
/** Those beyond it are noted in their own files and come back with their next change. */
const waitingMax = 10_000
const passing: readonly ProblemCode[] = [
  'overloaded',
  'too_many_requests',
  'shard_restarted',
  'deadline_exceeded',
]

export interface FitRunnerOptions {
  call<Name extends OperationName>(
    tenant: TenantId,
    operation: Name,
    args: Operations[Name]['args'],
  ): Promise<Operations[Name]['result']>
  /** Told of each fit that ended, for the log. */
  readonly onEnd?: (end: FitEnd) => void
}

export interface FitEnd {
  readonly tenant: TenantId
  /** `abandoned`: there was nothing to learn any more. */
  readonly outcome: 'stored' | 'abandoned' | 'failed'
  readonly passages: number
  readonly ms: number
  readonly cause?: unknown
}

export class FitRunner {
  readonly #options: FitRunnerOptions
  /** Iteration order is whose turn it is. */
  readonly #waiting = new Set<TenantId>()
  readonly #failed = new Map<TenantId, { times: number; untilMs: number }>()
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: FitRunnerOptions) {
    this.#options = options
  }

  /** Says that there may be something to learn from the tenant's library. */
  notify(tenant: TenantId): void {
    if (this.#closing.signal.aborted || this.#waiting.size >= waitingMax) return
    if ((this.#failed.get(tenant)?.untilMs ?? 0) > Date.now()) return
    this.#waiting.add(tenant)
    this.#pump()
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Ends a fit under way; it begins anew after the next start. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#waiting.clear()
    await this.#running
  }

  #pump(): void {
    const [tenant] = this.#waiting
    if (this.#running || tenant === undefined || this.#closing.signal.aborted) return
    this.#waiting.delete(tenant)
    this.#running = this.#run(tenant).finally(() => {
      this.#running = undefined
      this.#pump()
    })
  }

  async #run(tenant: TenantId): Promise<void> {
    const startedAtMs = performance.now()
    const end = (outcome: FitEnd['outcome'], passages: number, cause?: unknown): void =>
      this.#options.onEnd?.({
        tenant,
        outcome,
        passages,
        ms: performance.now() - startedAtMs,
        ...(cause !== undefined && { cause }),
      })
    try {
      const passages = await this.#fit(tenant)
      this.#failed.delete(tenant)
      end(passages > 0 ? 'stored' : 'abandoned', passages)
    } catch (error) {
      if (this.#closing.signal.aborted) return
      const times = (this.#failed.get(tenant)?.times ?? 0) + 1
      const delayMs = Math.min(failedDelayMsMax, failedDelayMsMin * 2 ** times)
      if (this.#failed.size < waitingMax)
        this.#failed.set(tenant, { times, untilMs: Date.now() + delayMs })
      end('failed', 0, error)
    }
  }

  /** @returns how many passages were learnt from */
  async #fit(tenant: TenantId): Promise<number> {
    const plan = await this.#ask(tenant, 'fit.plan', null)
    if (!plan) return 0
    await using process = new FitProcess(this.#closing.signal)
    let after = 0
    for (;;) {
      const batch = await this.#ask(tenant, 'fit.passages', { after, every: plan.every })
      const last = batch.at(-1)
      if (!last) break
      after = last.id
      await process.add(batch)
    }
    // Emptied meanwhile.
    if (after === 0) return 0
    const { fingerprint, model } = await process.fit()
    for (let from = 0; from === 0 || from < model.terms.length; from += termsPerPart)
      await this.#ask(tenant, 'fit.store', {
        fingerprint,
        library: plan.passages,
        part: partOf(model, from, from + termsPerPart),
        isLast: from + termsPerPart >= model.terms.length,
      })
    return model.passages
  }

  /** Every one of these operations may be repeated. */
  async #ask<Name extends OperationName>(
    tenant: TenantId,
    operation: Name,
    args: Operations[Name]['args'],
  ): Promise<Operations[Name]['result']> {
    for (let tries = 1; ; tries++) {
      this.#closing.signal.throwIfAborted()
      try {
        return await this.#options.call(tenant, operation, args)
      } catch (error) {
        const isPassing = error instanceof Problem && passing.includes(error.code)
        if (!isPassing || tries >= triesMax) throw error
        await sleep(retryDelayMs, undefined, { signal: this.#closing.signal })
      }
    }
  }
}

/** Copies, so that a message carries no more than the part. */
function partOf(model: LsaModel, from: number, to: number): LsaModel {
  return {
    passages: model.passages,
    dims: model.dims,
    terms: model.terms.slice(from, to),
    idf: model.idf.slice(from, to),
    vectors: model.vectors.slice(from * model.dims, to * model.dims),
    scales: model.scales.slice(from, to),
  }
}
