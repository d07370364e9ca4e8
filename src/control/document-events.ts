/** What happens to documents, for those who watch: progress from the reader's own pace, and an event for each change. */
import type { DocumentProgress, DocumentView } from '../library/documents.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { OperationName, Operations } from '../threads/operations.ts'
import { EventRings, type StoredEvent, type Subscription } from './event-rings.ts'

/** More often than this nobody can look. */
const progressEveryMs = 250

/** Data of a `document` event. */
export interface DocumentEvent extends Pick<DocumentView, 'id' | 'progress' | 'error'> {
  readonly status: DocumentView['status'] | 'deleted'
}

/** What a tenant's watcher may ask. */
export interface TenantEvents {
  subscribe(lastId: string | undefined, listener: (event: StoredEvent) => void): Subscription
  /** Of a document that is being read now. */
  progressOf(documentId: string): DocumentProgress | undefined
  /** Whether any document is. */
  readonly isReading: boolean
}

interface Reading {
  readonly startedAtMs: number
  progress: DocumentProgress
  toldAtMs: number
}

/** One operation that was done. */
export type Done = {
  [Name in OperationName]: {
    readonly operation: Name
    readonly args: Operations[Name]['args']
    readonly result: Operations[Name]['result']
  }
}[OperationName]

export class DocumentEvents {
  readonly #rings = new EventRings()
  readonly #readings = new Map<TenantId, Map<string, Reading>>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs
  }

  of(tenant: TenantId): TenantEvents {
    return {
      subscribe: (lastId, listener) => this.#rings.subscribe(tenant, lastId, listener),
      progressOf: (documentId) => this.#readings.get(tenant)?.get(documentId)?.progress,
      isReading: this.#readings.has(tenant),
    }
  }

  /** The tenant was deleted or replaced. */
  drop(tenant: TenantId): void {
    this.#rings.drop(tenant)
    this.#readings.delete(tenant)
  }

  /** Told of every operation that was done; those that change a document become an event. */
  observe(tenant: TenantId, done: Done): void {
    switch (done.operation) {
      case 'documents.create':
      case 'documents.reprocess':
      case 'documents.cancel':
        this.#tell(tenant, done.result)
        break
      case 'documents.delete':
        this.#tell(tenant, { id: done.args.id, status: 'deleted', progress: null, error: null })
        break
      case 'ingest.claim':
        if (done.result) this.#begin(tenant, done.result.documentId)
        break
      case 'ingest.append':
        if (done.result) this.#advance(tenant, done.args)
        break
      case 'ingest.finish':
      case 'ingest.fail':
      case 'ingest.requeue':
        if (done.result) this.#tell(tenant, done.result)
        break
    }
  }

  #begin(tenant: TenantId, id: string): void {
    const nowMs = this.#nowMs()
    const progress: DocumentProgress = {
      phase: 'opening',
      pages_done: 0,
      pages_total: null,
      fraction: null,
      seconds_left: null,
    }
    const readings = this.#readings.get(tenant) ?? new Map<string, Reading>()
    this.#readings.set(tenant, readings)
    readings.set(id, { startedAtMs: nowMs, progress, toldAtMs: nowMs })
    this.#rings.push(tenant, { id, status: 'processing', progress, error: null })
  }

  #advance(tenant: TenantId, { job, batch }: Operations['ingest.append']['args']): void {
    const reading = this.#readings.get(tenant)?.get(job.documentId)
    if (!reading) return
    const nowMs = this.#nowMs()
    const { pagesDone, pagesTotal } = batch
    const left = pagesTotal === null ? null : Math.max(0, pagesTotal - pagesDone)
    const msPerPage = (nowMs - reading.startedAtMs) / Math.max(1, pagesDone)
    reading.progress = {
      phase: left === 0 ? 'publishing' : 'reading',
      pages_done: pagesDone,
      pages_total: pagesTotal,
      fraction: pagesTotal ? Math.min(1, pagesDone / pagesTotal) : null,
      seconds_left: left === null ? null : Math.ceil((left * msPerPage) / 1_000),
    }
    if (left !== 0 && nowMs - reading.toldAtMs < progressEveryMs) return
    reading.toldAtMs = nowMs
    const { progress } = reading
    this.#rings.push(tenant, { id: job.documentId, status: 'processing', progress, error: null })
  }

  /** The document is not being read any more, or not yet. */
  #tell(tenant: TenantId, { id, status, progress, error }: DocumentEvent): void {
    const readings = this.#readings.get(tenant)
    if (status !== 'processing') readings?.delete(id)
    if (readings?.size === 0) this.#readings.delete(tenant)
    this.#rings.push(tenant, { id, status, progress, error } satisfies DocumentEvent)
  }
}
