/** Takes waiting documents through a reader process, tenants in turn, a few at a time on the whole machine. */
import type { FileHandle } from 'node:fs/promises'
import { Problem } from '../base/problem.ts'
import { hasThumbnail } from '../ingest/picture/limits.ts'
import type { ClaimedJob, JobFailure } from '../library/jobs.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { ExtractorPool } from './extractor-pool.ts'
import { isHeldBack } from './held-back.ts'
import { failureOf, retryDelayMs, retryDelayMsMin } from './ingest-failure.ts'
import {
  extraOpenMax,
  IngestLanes,
  type LaneTurn,
  type OpenDocument,
  smallBytesMax,
} from './ingest-lanes.ts'
import type { OcrProgram } from './ocr-program.ts'
import type { OperationName, Operations } from './operations.ts'
import { keepingOcr } from './page-ocr.ts'
import { ReadingTurns } from './reading-turns.ts'

/** A small document that takes longer (a scan, a trap) counts as a long one: nobody waits for its end. */
const smallMsMax = 2_000

/** Reader processes that there may be at once, for so many documents read at once. */
export function readersMax(concurrencyMax: number): number {
  return concurrencyMax + extraOpenMax
}

export interface IngestRunnerOptions {
  readonly extractor: Pick<ExtractorPool, 'extract'>
  /** Documents read at once, over all tenants; `extraOpenMax` more may be open, half-read, waiting for their turn. */
  readonly concurrencyMax: number
  /** Documents of one tenant read at once; not given, as many as of all. */
  readonly tenantConcurrencyMax?: (tenant: TenantId) => number | null
  call<Name extends OperationName>(
    tenant: TenantId,
    operation: Name,
    args: Operations[Name]['args'],
  ): Promise<Operations[Name]['result']>
  /** Reads pictures of pages; not given, pages without text stay empty. */
  readonly ocr?: OcrProgram | undefined
  openOriginal(tenant: TenantId, sha256: string, extension: string): Promise<FileHandle>
  /** Told of each document that ended, for logs and metrics. */
  onEnd(end: IngestEnd): void
}

export interface IngestEnd {
  readonly tenant: TenantId
  readonly documentId: string
  readonly outcome: 'ready' | 'failed' | 'requeued' | 'cancelled'
  readonly failure?: JobFailure
  readonly cause?: unknown
  readonly ms: number
}

export class IngestRunner {
  readonly #options: IngestRunnerOptions
  readonly #lanes: IngestLanes
  readonly #running = new Set<Running>()
  /** What each reading is stopped with, by its job. */
  readonly #readings = new Map<ClaimedJob, { tenant: TenantId; lost: AbortController }>()
  readonly #turns: ReadingTurns
  readonly #timers = new Map<TenantId, { timer: NodeJS.Timeout; atMs: number }>()
  readonly #closing = new AbortController()

  constructor(options: IngestRunnerOptions) {
    this.#options = options
    this.#lanes = new IngestLanes(options.concurrencyMax)
    this.#turns = new ReadingTurns(options.concurrencyMax)
  }

  /** Says that the tenant has a job, now or from `atMs` on (Unix milliseconds). */
  notify(tenant: TenantId, atMs = 0): void {
    const delayMs = atMs - Date.now()
    if (delayMs > 0) {
      const earlier = this.#timers.get(tenant)
      if (earlier && earlier.atMs <= atMs) return
      clearTimeout(earlier?.timer)
      const timer = setTimeout(() => {
        this.#timers.delete(tenant)
        this.notify(tenant)
      }, delayMs)
      timer.unref()
      this.#timers.set(tenant, { timer, atMs })
      return
    }
    this.#lanes.add(tenant)
    this.#pump()
  }

  /** Says that jobs of the tenant may have been taken away: what is read for nobody stops at once. */
  async check(tenant: TenantId): Promise<void> {
    const readings = [...this.#readings].filter(([, reading]) => reading.tenant === tenant)
    for (const [job, { lost }] of readings)
      if (!(await this.#options.call(tenant, 'ingest.holds', { job }))) lost.abort()
  }

  get running(): number {
    return this.#running.size
  }

  get waiting(): number {
    return this.#lanes.size
  }

  /** Stops reading; what was being read starts again after the next start. */
  async close(): Promise<void> {
    this.#closing.abort()
    for (const { timer } of this.#timers.values()) clearTimeout(timer)
    this.#lanes.clear()
    await Promise.all([...this.#running].map(({ done }) => done))
  }

  #pump(): void {
    while (!this.#closing.signal.aborted) {
      const open = [...this.#running]
      const turn = this.#lanes.next(open, this.#turns.parked, (tenant) => this.#mayRead(tenant))
      if (!turn) return
      const running = new Running(turn.tenant)
      this.#running.add(running)
      running.done = this.#take(running, turn).catch((error) => {
        if (isHeldBack(error)) return
        // The shard could not be asked (restarting, overloaded): ask again a little later.
        if (!this.#closing.signal.aborted) this.notify(turn.tenant, Date.now() + retryDelayMsMin)
      })
      void running.done.finally(() => {
        this.#running.delete(running)
        this.#pump()
      })
    }
  }

  #mayRead(tenant: TenantId): boolean {
    const max = this.#options.tenantConcurrencyMax?.(tenant) ?? null
    if (max === null) return true
    return [...this.#running].filter((running) => running.tenant === tenant).length < max
  }

  async #take(running: Running, turn: LaneTurn): Promise<void> {
    const { tenant } = running
    const job = await this.#claim(turn)
    if (!job && turn.bytesMax !== null) return
    if (!job) {
      const { nextJobAtMs } = await this.#options.call(tenant, 'ingest.next', null)
      // It may have become due since it was asked for.
      if (nextJobAtMs !== null) this.notify(tenant, nextJobAtMs)
      return
    }
    running.bytes = job.bytes
    this.#pump()
    const startedAtMs = performance.now()
    const end = await this.#read(tenant, job)
    if (end.outcome === 'requeued') this.notify(tenant, Date.now() + retryDelayMs(job.attempts))
    this.#options.onEnd({
      tenant,
      documentId: job.documentId,
      ms: performance.now() - startedAtMs,
      ...end,
    })
  }

  async #claim(turn: LaneTurn): Promise<ClaimedJob | null> {
    const { tenant, bytesMax, isOldestFirst } = turn
    let job: ClaimedJob | null | undefined
    try {
      job = await this.#options.call(tenant, 'ingest.claim', { bytesMax, isOldestFirst })
      return job
    } finally {
      if (job) this.#lanes.opened(turn)
      // Who cannot be asked for a small one cannot be asked at all.
      else this.#lanes.nothing(job === null ? turn : { ...turn, bytesMax: null })
    }
  }

  async #read(
    tenant: TenantId,
    job: ClaimedJob,
  ): Promise<Pick<IngestEnd, 'outcome' | 'failure' | 'cause'>> {
    try {
      const isDone = await this.#extract(tenant, job)
      return { outcome: isDone ? 'ready' : 'cancelled' }
    } catch (error) {
      if (this.#closing.signal.aborted) return { outcome: 'cancelled' }
      const failure = failureOf(error, job)
      if (failure) {
        await this.#settle(() => this.#options.call(tenant, 'ingest.fail', { job, failure }))
        return { outcome: 'failed', failure, cause: error }
      }
      await this.#settle(() =>
        this.#options.call(tenant, 'ingest.requeue', { job, delayMs: retryDelayMs(job.attempts) }),
      )
      return { outcome: 'requeued', cause: error }
    }
  }

  /** @returns false when the job was taken away meanwhile (cancelled, or its document was deleted) */
  async #extract(tenant: TenantId, job: ClaimedJob): Promise<boolean> {
    const { call, extractor, ocr, openOriginal } = this.#options
    const lost = new AbortController()
    const signal = AbortSignal.any([lost.signal, this.#closing.signal])
    const file = await openOriginal(tenant, job.sha256, job.extension)
    const turn = this.#turns.begin(tenant)
    this.#readings.set(job, { tenant, lost })
    try {
      let thumbnail: Uint8Array | null = null
      const summary = await extractor.extract({
        ...(hasThumbnail(job.mediaType) && {
          onThumbnail: (png: Uint8Array | null) => {
            thumbnail = png
          },
        }),
        ocr:
          ocr &&
          keepingOcr({
            ocr,
            job,
            signal,
            call: (name, args) => call(tenant, name, args),
            pass: () => this.#turns.pass(turn, signal),
          }),
        fd: file.fd,
        mediaType: job.mediaType,
        filename: job.filename,
        signal,
        onBatch: async (batch) => {
          if (await call(tenant, 'ingest.append', { job, batch }))
            await this.#turns.pass(turn, signal)
          else lost.abort()
        },
      })
      return (await call(tenant, 'ingest.finish', { job, summary, thumbnail })) !== null
    } catch (error) {
      if (lost.signal.aborted) return false
      throw error
    } finally {
      this.#readings.delete(job)
      this.#turns.end(turn)
      await file.close()
    }
  }

  /** The end of a job must be written: a restarting or busy shard is asked again until the server stops. */
  async #settle(write: () => Promise<unknown>): Promise<void> {
    for (let tries = 0; !this.#closing.signal.aborted; tries++) {
      try {
        await write()
        return
      } catch (error) {
        if (!(error instanceof Problem) || isHeldBack(error)) throw error
        await this.#pause(retryDelayMs(tries))
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#closing.signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

/** A document that is open, from before its claim to its end. */
class Running implements OpenDocument {
  readonly tenant: TenantId
  bytes = 0
  done: Promise<void> = Promise.resolve()
  readonly #startedAtMs = performance.now()

  constructor(tenant: TenantId) {
    this.tenant = tenant
  }

  get isLong(): boolean {
    return this.bytes > smallBytesMax || performance.now() - this.#startedAtMs > smallMsMax
  }
}
