/** One shard seen from the main thread: calls go in, answers come back, a dead thread is replaced. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Problem, type ProblemData } from '../base/problem.ts'
import { sharedNowMs } from '../base/shared-clock.ts'
import type { PoolStats } from '../tenancy/pool.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { CallQueue, overloaded, type Queued, type QueueLimits } from './call-queue.ts'
import { ExpectedCosts } from './expected-costs.ts'
import type { FromShard, Reply, ShardWorkerData, StoreClosed, Target, ToShard } from './protocol.ts'

/** How often deadlines are looked at; a call is at most this late in hearing of its own. */
const deadlineTickMs = 100
/** A thread that answers nothing for this long while it has work is taken for dead and replaced. */
const stuckMsDefault = 30_000
const restartDelayMaxMs = 5_000
/** A shard's garbage is short-lived: a small nursery keeps a long book from growing the process by some ten megabytes. */
const youngMibMax = 8

export interface ShardOptions {
  readonly worker: ShardWorkerData
  readonly limits: QueueLimits
  readonly stuckMs?: number
  /** Another entry than the product's, for tests of what a dying thread does. */
  readonly entry?: URL
  readonly onClosed: (closed: readonly StoreClosed[]) => void
  readonly onFitDue?: (tenant: TenantId) => void
  readonly onEmbedDue?: (tenant: TenantId) => void
  readonly onDeath: (error: unknown) => void
  readonly onFault: (operation: string, stack: string, requestId: string | undefined) => void
  readonly onTiming?: (operation: string, seconds: number, timing: Timing) => void
  /** Told of the time that a thread spent on a tenant. */
  readonly onWorked?: (tenant: TenantId, seconds: number) => void
}

/** As it is asked for; what it will likely cost the shard knows. */
export type AskedCall = Omit<ShardCall, 'expectedMs'>

/** Of one call that was answered. */
export interface Timing {
  readonly tenant: TenantId
  /** Of the request that it was for; undefined for the server's own work. */
  readonly requestId: string | undefined
  /** That the thread spent on it. */
  readonly ms: number
  /** In the line, before the thread had it. */
  readonly waitedMs: number
}

export interface ShardCall extends Queued {
  readonly target: Target
  readonly operation: string
  readonly args: unknown
  readonly isText: boolean
  readonly deadlineAtMs: number
  readonly signal: Pick<AbortSignal, 'aborted'> | undefined
  readonly requestId?: string | undefined
  readonly resolve: (result: unknown) => void
  readonly reject: (problem: Problem) => void
}

export interface ShardStats extends PoolStats {
  readonly waiting: number
  readonly running: number
  readonly restarts: number
}

const noStores: PoolStats = { open: 0, leased: 0, opens: 0, hits: 0, evictions: 0, idleCloses: 0 }

export class Shard {
  readonly #options: ShardOptions
  readonly #queue: CallQueue<ShardCall>
  readonly #costs = new ExpectedCosts()
  readonly #running = new Map<number, { call: ShardCall; sentAtMs: number; isAnswered: boolean }>()
  readonly #tick: NodeJS.Timeout
  #worker: Worker | undefined
  #nextId = 1
  #isFlushScheduled = false
  #lastReplyAtMs = performance.now()
  #restarts = 0
  #isClosing = false
  #onDrained: (() => void) | undefined
  #pool = noStores

  constructor(options: ShardOptions) {
    this.#options = options
    this.#queue = new CallQueue(options.limits)
    this.#start()
    this.#tick = setInterval(() => this.#checkDeadlines(performance.now()), deadlineTickMs)
    this.#tick.unref()
  }

  /** @throws Problem when the line is full or the shard is closing */
  call(asked: AskedCall): void {
    if (this.#isClosing)
      throw new Problem('shutting_down', 'The server is stopping.', { retryAfterS: 5 })
    const dropped = this.#queue.add({ ...asked, expectedMs: this.#costs.of(asked.operation) })
    dropped?.reject(overloaded())
    this.#schedule()
  }

  /** Whether whoever was sent away a moment ago would most likely be sent away again. */
  get isNearlyFull(): boolean {
    return this.#queue.isNearlyFull
  }

  stats(): ShardStats {
    return {
      ...this.#pool,
      waiting: this.#queue.waiting,
      running: this.#queue.running,
      restarts: this.#restarts,
    }
  }

  /** Answers what was taken in, up to `drainMs`, then closes every store and ends the thread. */
  async close(drainMs: number): Promise<void> {
    this.#isClosing = true
    if (this.#queue.waiting + this.#running.size > 0) await this.#drained(drainMs)
    clearInterval(this.#tick)
    const worker = this.#worker
    if (!worker) return
    const exited = once(worker, 'exit')
    worker.postMessage('shutdown' satisfies ToShard)
    await exited
    this.#failAll(new Problem('shutting_down', 'The server stopped before it could answer.'))
  }

  async #drained(drainMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#onDrained = resolve
      timer = setTimeout(resolve, drainMs)
    })
    clearTimeout(timer)
  }

  #start(): void {
    const entry = this.#options.entry ?? new URL('./shard-worker.ts', import.meta.url)
    const worker = new Worker(entry, {
      workerData: this.#options.worker,
      resourceLimits: { maxYoungGenerationSizeMb: youngMibMax },
    })
    let failure: unknown
    worker.on('message', (message: FromShard) => this.#received(message))
    worker.on('error', (error) => {
      failure = error
    })
    worker.on('exit', (code) => {
      if (this.#worker === worker) this.#died(failure ?? new Error(`the thread ended with ${code}`))
    })
    this.#worker = worker
  }

  /** Calls that were running may or may not have happened; calls that wait go to the new thread. */
  #died(error: unknown): void {
    this.#worker = undefined
    if (this.#isClosing) return
    this.#restarts++
    this.#options.onDeath(error)
    this.#failRunning(
      new Problem('shard_restarted', 'This part of the server was restarted: try again.', {
        retryAfterS: 1,
      }),
    )
    this.#pool = noStores
    const delayMs = Math.min(restartDelayMaxMs, 10 * 2 ** Math.min(this.#restarts, 10))
    setTimeout(() => {
      if (this.#isClosing) return
      this.#start()
      this.#schedule()
    }, delayMs)
  }

  /**
   * Calls of one turn of the event loop travel in one message: waking a thread costs more than a small read. An immediate
   * runs after all that the turn brought; a microtask would run after each request.
   */
  #schedule(): void {
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    setImmediate(() => {
      this.#isFlushScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    if (!this.#worker) return
    const nowMs = performance.now()
    const taken = this.#queue.take(nowMs)
    if (taken.length === 0) return
    if (this.#running.size === 0) this.#lastReplyAtMs = nowMs
    const calls = taken.map((call) => {
      const id = this.#nextId++
      this.#running.set(id, { call, sentAtMs: nowMs, isAnswered: false })
      const { target, operation, args, isText } = call
      return { id, ...target, operation, args, isText }
    })
    this.#worker.postMessage({ calls } satisfies ToShard)
  }

  #received({ replies, closed, fits, embeds, pool, sentAtMs }: FromShard): void {
    this.#pool = pool
    this.#queue.answered(sharedNowMs() - sentAtMs)
    this.#lastReplyAtMs = performance.now()
    if (closed.length > 0) this.#options.onClosed(closed)
    for (const tenant of fits) this.#options.onFitDue?.(tenant)
    for (const tenant of embeds) this.#options.onEmbedDue?.(tenant)
    for (const reply of replies) this.#answer(reply)
    this.#flush()
    if (this.#running.size === 0 && this.#queue.waiting === 0) this.#onDrained?.()
  }

  #answer(reply: Reply): void {
    const running = this.#running.get(reply.id)
    if (!running) return
    this.#running.delete(reply.id)
    const { call, sentAtMs, isAnswered } = running
    this.#queue.done(call, reply.ms)
    this.#costs.took(call.operation, reply.ms)
    const { operation, tenant, requestId } = call
    this.#options.onTiming?.(operation, (performance.now() - sentAtMs) / 1000, {
      ...{ tenant, requestId, ms: reply.ms },
      waitedMs: sentAtMs - call.queuedAtMs,
    })
    this.#options.onWorked?.(tenant, reply.ms / 1000)
    if (!reply.ok && reply.stack) this.#options.onFault(operation, reply.stack, requestId)
    if (isAnswered) return
    if (reply.ok) call.resolve(reply.result)
    else call.reject(Problem.fromData(reply.problem as ProblemData))
  }

  #checkDeadlines(nowMs: number): void {
    const isOver = (call: ShardCall): boolean =>
      call.deadlineAtMs <= nowMs || call.signal?.aborted === true
    for (const call of this.#queue.remove(isOver)) call.reject(lateProblem('It was not begun.'))
    for (const running of this.#running.values()) {
      if (running.isAnswered || !isOver(running.call)) continue
      running.isAnswered = true
      running.call.reject(lateProblem('Whether it was done is not known.'))
    }
    const stuckMs = this.#options.stuckMs ?? stuckMsDefault
    if (this.#running.size > 0 && nowMs - this.#lastReplyAtMs > stuckMs) {
      this.#lastReplyAtMs = nowMs
      void this.#worker?.terminate()
    }
  }

  #failRunning(problem: Problem): void {
    for (const { call, isAnswered } of this.#running.values()) {
      this.#queue.done(call)
      if (!isAnswered) call.reject(problem)
    }
    this.#running.clear()
  }

  #failAll(problem: Problem): void {
    this.#failRunning(problem)
    for (const call of this.#queue.remove(() => true)) call.reject(problem)
  }
}

function lateProblem(outcome: string): Problem {
  return new Problem('deadline_exceeded', `The server did not get to it in time. ${outcome}`, {
    retryAfterS: 2,
  })
}
