/** Takes waiting documents through a reader process, tenants in turn, a few at a time on the whole machine. */
import type { FileHandle } from 'node:fs/promises'
import { Problem } from '../base/problem.ts'
import { ExtractError, type ExtractFailure } from '../ingest/contract.ts'
import type { ClaimedJob } from '../library/jobs.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { ExtractorPool } from './extractor-pool.ts'
import type { OperationName, Operations } from './operations.ts'

/** A reader that crashed may have been unlucky once (memory of the machine); twice is the document. */
const triesMax = 2
const retryDelayMsMin = 1_000
const retryDelayMsMax = 60_000

export interface IngestRunnerOptions {
  readonly extractor: ExtractorPool
  /** Documents read at once, over all tenants. */
  readonly concurrencyMax: number
  call<Name extends OperationName>(
    tenant: TenantId,
    operation: Name,
    args: Operations[Name]['args'],
  ): Promise<Operations[Name]['result']>
  openOriginal(tenant: TenantId, sha256: string, extension: string): Promise<FileHandle>
  /** Told of each document that ended, for logs and metrics. */
  onEnd(end: IngestEnd): void
}

export interface IngestEnd {
  readonly tenant: TenantId
  readonly documentId: string
  readonly outcome: 'ready' | 'failed' | 'requeued' | 'cancelled'
  readonly failure?: ExtractFailure
  readonly cause?: unknown
  readonly ms: number
}

export class IngestRunner {
  readonly #options: IngestRunnerOptions
  /** Tenants that may have a job waiting; iteration order is whose turn it is. */
  readonly #ready = new Set<TenantId>()
  readonly #running = new Set<Promise<void>>()
  readonly #timers = new Map<TenantId, NodeJS.Timeout>()
  readonly #closing = new AbortController()

  constructor(options: IngestRunnerOptions) {
    this.#options = options
  }

  /** Says that the tenant has a job, now or from `atMs` on (Unix milliseconds). */
  notify(tenant: TenantId, atMs = 0): void {
    const delayMs = atMs - Date.now()
    if (delayMs > 0) {
      clearTimeout(this.#timers.get(tenant))
      const timer = setTimeout(() => {
        this.#timers.delete(tenant)
        this.notify(tenant)
      }, delayMs)
      timer.unref()
      this.#timers.set(tenant, timer)
      return
    }
    this.#ready.add(tenant)
    this.#pump()
  }

  get running(): number {
    return this.#running.size
  }

  get waiting(): number {
    return this.#ready.size
  }

  /** Stops reading; what was being read starts again after the next start. */
  async close(): Promise<void> {
    this.#closing.abort()
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#ready.clear()
    await Promise.all(this.#running)
  }

  #pump(): void {
    while (this.#running.size < this.#options.concurrencyMax && !this.#closing.signal.aborted) {
      const [tenant] = this.#ready
      if (tenant === undefined) return
      this.#ready.delete(tenant)
      const work = this.#take(tenant).catch(() => {
        // The shard could not be asked (restarting, overloaded): ask again a little later.
        if (!this.#closing.signal.aborted) this.notify(tenant, Date.now() + retryDelayMsMin)
      })
      this.#running.add(work)
      void work.finally(() => {
        this.#running.delete(work)
        this.#pump()
      })
    }
  }

  async #take(tenant: TenantId): Promise<void> {
    const job = await this.#options.call(tenant, 'ingest.claim', null)
    if (!job) {
      const { nextJobAtMs } = await this.#options.call(tenant, 'ingest.next', null)
      if (nextJobAtMs !== null && nextJobAtMs > Date.now()) this.notify(tenant, nextJobAtMs)
      return
    }
    // There may be more: to the end of the line, behind the other tenants.
    this.#ready.add(tenant)
    const startedAtMs = performance.now()
    const end = await this.#read(tenant, job)
    if (end.outcome === 'requeued') this.notify(tenant, Date.now() + retryDelayMs(job))
    this.#options.onEnd({
      tenant,
      documentId: job.documentId,
      ms: performance.now() - startedAtMs,
      ...end,
    })
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
        this.#options.call(tenant, 'ingest.requeue', { job, delayMs: retryDelayMs(job) }),
      )
      return { outcome: 'requeued', cause: error }
    }
  }

  /** @returns false when the job was taken away meanwhile (its document was deleted) */
  async #extract(tenant: TenantId, job: ClaimedJob): Promise<boolean> {
    const { call, extractor, openOriginal } = this.#options
    const lost = new AbortController()
    const signal = AbortSignal.any([lost.signal, this.#closing.signal])
    const file = await openOriginal(tenant, job.sha256, job.extension)
    try {
      const summary = await extractor.extract({
        fd: file.fd,
        mediaType: job.mediaType,
        filename: job.filename,
        signal,
        onBatch: async (batch) => {
          if (!(await call(tenant, 'ingest.append', { job, batch }))) lost.abort()
        },
      })
      return await call(tenant, 'ingest.finish', { job, summary })
    } catch (error) {
      if (lost.signal.aborted) return false
      throw error
    } finally {
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
        if (!(error instanceof Problem)) throw error
        await this.#pause(Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** tries))
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

/** A failure of the document; undefined for a fault of the server, which is tried again. */
function failureOf(error: unknown, { attempts }: ClaimedJob): ExtractFailure | undefined {
  if (error instanceof ExtractError) {
    const mayRecover = error.code === 'reader_crashed' && attempts < triesMax
    return mayRecover ? undefined : { code: error.code, detail: error.message }
  }
  if (error instanceof Problem && error.code === 'internal' && attempts >= triesMax)
    return {
      code: 'reader_crashed',
      detail: 'The server failed on this document, and its log says where: tell the operator.',
    }
  if ((error as NodeJS.ErrnoException).code === 'ENOENT')
    return {
      code: 'damaged',
      detail: 'The original is missing on the server: upload the file again.',
    }
  return undefined
}

function retryDelayMs(job: ClaimedJob): number {
  return Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** job.attempts)
}
