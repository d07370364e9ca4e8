/** Fills missing vectors in the background: tenants in turn, a few batches at once, waiting out an endpoint that is down. */
import { Problem } from '../base/problem.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { backOffMs, type Clock, orAborted, systemClock } from './clock.ts'
import type { EmbeddedText } from './embed-batch.ts'
import { type EmbedRunnerLimits, embedRunnerLimits } from './embed-limits.ts'
import type { Embeddings } from './embeddings.ts'
import { type EndpointFault, retryAfterOf, unavailable } from './endpoint-fault.ts'
import type { Space } from './space-meter.ts'
import { TenantPass } from './tenant-pass.ts'
import type { PendingPassage, VectorCalls } from './vector-calls.ts'

export interface EmbedRunnerOptions {
  readonly embeddings: Pick<Embeddings, 'embed' | 'space' | 'probe' | 'current'>
  call<Name extends keyof VectorCalls>(
    tenant: TenantId,
    operation: Name,
    args: VectorCalls[Name]['args'],
  ): Promise<VectorCalls[Name]['result']>
  readonly limits?: Partial<EmbedRunnerLimits>
  readonly clock?: Clock
  readonly random?: () => number
  /** Told of each outage once when it begins (no tenant), and of each library that could not be asked. */
  readonly onFault?: (fault: EndpointFault, tenant?: TenantId) => void
  readonly onStored?: (tenant: TenantId, stored: number, left: number) => void
  /** The endpoint's space as it is found first, or found changed: every library may have work now. */
  readonly onSpace?: (space: Space) => void
}

export interface EmbedStatus {
  /** Passages without a vector when the library was last asked. */
  readonly pending: number
  /** Of those, how many the endpoint does not take; they are offered again later. */
  readonly refused: number
  readonly lastFault?: EndpointFault
}

/** A shard that may answer in a moment. */
const passing = new Set(['overloaded', 'too_many_requests', 'shard_restarted', 'deadline_exceeded'])

export class EmbedRunner {
  readonly #options: EmbedRunnerOptions
  readonly #limits: EmbedRunnerLimits
  readonly #clock: Clock
  readonly #random: () => number
  readonly #passes = new Map<TenantId, TenantPass>()
  /** Tenants that may have a batch to give; iteration order is whose turn it is. */
  readonly #ready = new Set<TenantId>()
  readonly #running = new Set<Promise<void>>()
  readonly #closing = new AbortController()
  #outage: EndpointFault | undefined
  #failures = 0
  #space: Space | undefined

  constructor(options: EmbedRunnerOptions) {
    this.#options = options
    this.#limits = { ...embedRunnerLimits, ...options.limits }
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
  }

  /** Says that the tenant may have passages without vectors. */
  notify(tenant: TenantId): void {
    if (this.#closing.signal.aborted) return
    const pass = this.#passes.get(tenant)
    if (pass && pass.running > 0) pass.isAgain = true
    else {
      this.#passes.set(tenant, pass ?? new TenantPass())
      pass?.restart()
      this.#ready.add(tenant)
      this.#pump()
    }
  }

  status(tenant: TenantId): EmbedStatus {
    const pass = this.#passes.get(tenant)
    const lastFault = pass?.fault ?? (pass && this.#outage)
    return {
      pending: pass?.left ?? 0,
      refused: pass?.refused ?? 0,
      ...(lastFault && { lastFault }),
    }
  }

  /** Passages without a vector, of all libraries that are being worked on. */
  get pending(): number {
    return [...this.#passes.values()].reduce((sum, { left }) => sum + left, 0)
  }

  /** Why nothing is asked at the moment. */
  get outage(): EndpointFault | undefined {
    return this.#outage
  }

  /** Ends the requests, waits for what is being stored. What was under way is pending still. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#ready.clear()
    await Promise.all(this.#running)
  }

  #pump(): void {
    while (this.#running.size < this.#limits.batchesMax && this.#mayRun()) {
      const [tenant] = this.#ready
      const pass = tenant === undefined ? undefined : this.#passes.get(tenant)
      if (tenant === undefined || !pass) return
      this.#ready.delete(tenant)
      pass.running++
      const work = this.#batch(tenant, pass)
        .catch((error: unknown) => this.#onShardFault(tenant, pass, error))
        .then(() => {
          this.#running.delete(work)
          pass.running--
          if (pass.running === 0) this.#onRest(tenant, pass)
          this.#pump()
        })
      this.#running.add(work)
    }
  }

  #mayRun(): boolean {
    return !this.#outage && !this.#closing.signal.aborted
  }

  /** One batch of one tenant. As soon as it is taken, the tenant may give another in its next turn. */
  async #batch(tenant: TenantId, pass: TenantPass): Promise<void> {
    const { signal } = this.#closing
    const space = await orAborted(this.#options.embeddings.space(), signal)
    if ('fault' in space) return this.#onOutage(pass, space.fault)
    this.#onSpace(space)
    if (!pass.enter(space.fingerprint)) return
    const { items, left, epoch, isSettled } = await this.#options.call(tenant, 'vectors.pending', {
      ...space,
      limit: this.#limits.batchMax,
      after: pass.after,
    })
    pass.left = left
    pass.isSettled = isSettled
    const taken = pass.take(items)
    if (!pass.isAtEnd) this.#ready.add(tenant)
    if (pass.isAtEnd && pass.isToSettle) await this.#finish(tenant, pass, space, epoch)
    if (taken.length === 0) return
    this.#pump()
    const texts = taken.map(({ text }) => text)
    const { embeddings } = this.#options
    const results = await embeddings.embed(texts, 'document', signal)
    // The model was changed while these were on their way: nobody knows which of them it made.
    if (embeddings.current?.fingerprint !== space.fingerprint) pass.isAgain = true
    else await this.#store(tenant, pass, { ...space, epoch }, taken, results)
  }

  /** Nothing is left, but what is refused: the shard may search the space from now on. */
  async #finish(tenant: TenantId, pass: TenantPass, space: Space, epoch: number): Promise<void> {
    const { fingerprint, dimensions } = space
    const args = { fingerprint, dimensions, epoch, items: [], refused: pass.refusedIds }
    const { left } = await this.#settle(() => this.#options.call(tenant, 'vectors.store', args))
    pass.left = left
    pass.isSettled = true
    this.#options.onStored?.(tenant, 0, left)
  }

  async #store(
    tenant: TenantId,
    pass: TenantPass,
    space: Space & { readonly epoch: number },
    taken: readonly PendingPassage[],
    results: readonly EmbeddedText[],
  ): Promise<void> {
    const items = taken.flatMap(({ passageId }, at) => {
      const result = results[at]
      return result?.vector ? [{ passageId, vector: result.vector }] : []
    })
    if (items.length > 0) {
      const args = { ...space, items }
      const { left } = await this.#settle(() => this.#options.call(tenant, 'vectors.store', args))
      pass.onStored(left)
      this.#failures = 0
      this.#options.onStored?.(tenant, items.length, left)
    }
    for (const [at, result] of results.entries()) {
      if (result.vector) continue
      if (result.isRefused) pass.refuse(taken[at]?.passageId ?? 0, result.fault)
      else return this.#onOutage(pass, result.fault)
    }
  }

  /** Vectors are dear: a busy shard is asked again before they are let go. */
  async #settle<T>(write: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await write()
      } catch (error) {
        const isPassing = error instanceof Problem && passing.has(error.code)
        if (!isPassing || tries >= this.#limits.storeTriesMax) throw error
        await this.#clock.sleep(this.#backOffMs(tries), this.#closing.signal)
      }
    }
  }

  #onSpace(space: Space): void {
    if (this.#space?.fingerprint === space.fingerprint) return
    this.#space = space
    this.#options.onSpace?.(space)
  }

  /** The tenant's last batch is back: begin again, come back later, or be done. */
  #onRest(tenant: TenantId, pass: TenantPass): void {
    if (this.#closing.signal.aborted) return
    if (pass.isAgain || pass.isUnfinished || (pass.isAtEnd && pass.isToSettle)) {
      pass.restart()
      this.#ready.add(tenant)
    } else if (pass.isDone) {
      this.#passes.delete(tenant)
    } else if (pass.isAtEnd && !pass.isWaiting) {
      const { refusedMs, refusedMsMax } = this.#limits
      const waitMs = backOffMs(++pass.rounds, refusedMs, refusedMsMax, this.#random)
      this.#later(tenant, pass, waitMs, () => pass.offerRefused())
    }
  }

  #onShardFault(tenant: TenantId, pass: TenantPass, error: unknown): void {
    if (this.#closing.signal.aborted) return
    // The tenant is gone, and its vectors with it.
    if (error instanceof Problem && error.code === 'not_found') {
      pass.abandon()
      return
    }
    const detail = error instanceof Problem ? error.detail : 'The library could not be asked.'
    pass.fault = unavailable(detail)
    this.#options.onFault?.(pass.fault, tenant)
    this.#ready.delete(tenant)
    pass.isAtEnd = false
    this.#later(tenant, pass, this.#backOffMs(++pass.failures))
  }

  /** All tenants wait together: it is one endpoint. */
  #onOutage(pass: TenantPass, fault: EndpointFault): void {
    pass.fault = fault
    pass.isAgain = true
    if (this.#outage || this.#closing.signal.aborted) return
    this.#outage = fault
    this.#options.onFault?.(fault)
    const recovery = this.#recover(fault)
      .catch(() => undefined)
      .then(() => {
        this.#running.delete(recovery)
        this.#pump()
      })
    this.#running.add(recovery)
  }

  /** Asks one short question after ever longer waits until it is answered. @throws AbortError on close */
  async #recover(first: EndpointFault): Promise<void> {
    for (let reason: EndpointFault = first; ; ) {
      const waitMs = Math.max(this.#backOffMs(++this.#failures), retryAfterOf(reason) ?? 0)
      await this.#clock.sleep(waitMs, this.#closing.signal)
      const answer = await orAborted(this.#options.embeddings.probe(), this.#closing.signal)
      if (!('fault' in answer)) break
      reason = answer.fault
      this.#outage = reason
    }
    this.#outage = undefined
  }

  #later(tenant: TenantId, pass: TenantPass, ms: number, before?: () => void): void {
    if (pass.isWaiting) return
    pass.isWaiting = true
    this.#clock.sleep(ms, this.#closing.signal).then(
      () => {
        pass.isWaiting = false
        before?.()
        this.notify(tenant)
      },
      () => undefined,
    )
  }

  #backOffMs(tries: number): number {
    return backOffMs(tries, this.#limits.retryMs, this.#limits.retryMsMax, this.#random)
  }
}
