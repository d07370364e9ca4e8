/** How each operation is treated, by name: all that the main thread needs to know. A new feature adds a line here and one in `operations.ts`. */

/**
 * `read` never writes. Before the first `write` the tenant's hint is made durable.
 * `background` work waits while anybody waits.
 */
export interface OperationTraits {
  readonly access: 'read' | 'write'
  readonly lane: 'interactive' | 'background'
  /** May leave a job behind: whoever reads documents is told. */
  readonly queuesJobs: boolean
  /** May take a job away: whoever reads for it is told, and stops. */
  readonly endsJobs?: boolean
  /** A write of the server's own, without which nobody could read: done for a library that is read-only too. */
  readonly isForReading?: boolean
}

const read: OperationTraits = { access: 'read', lane: 'interactive', queuesJobs: false }
const write: OperationTraits = { ...read, access: 'write' }
const queuing: OperationTraits = { ...write, queuesJobs: true }
const background: OperationTraits = { ...write, lane: 'background' }

export const operationTraits = {
  'tenant.open': read,
  'tenant.recover': { ...write, isForReading: true },
  'tenant.resume': write,
  'account.show': read,
  'documents.create': queuing,
  'documents.list': read,
  'documents.get': read,
  'documents.update': write,
  'documents.delete': { ...write, endsJobs: true },
  'documents.cancel': { ...write, endsJobs: true },
  'documents.original': read,
  'documents.page': read,
  'documents.contents': read,
  'documents.report': read,
  'documents.thumbnail': read,
  'documents.reprocess': queuing,
  search: read,
  'passages.widen': read,
  'conversations.history': read,
  'conversations.record': write,
  'conversations.list': read,
  'conversations.get': read,
  'conversations.update': write,
  'conversations.delete': write,
  'conversations.feedback': write,
  'ingest.claim': background,
  'ingest.append': background,
  'ingest.finish': background,
  'ingest.recognised': { ...read, lane: 'background' },
  'ingest.keepRecognised': background,
  'ingest.fail': background,
  'ingest.requeue': background,
  'ingest.holds': read,
  'ingest.next': { ...read, lane: 'background' },
  'fit.plan': { ...read, lane: 'background' },
  'fit.passages': { ...read, lane: 'background' },
  'fit.store': background,
  'vectors.pending': { ...read, lane: 'background' },
  'vectors.store': background,
} as const satisfies Readonly<Record<string, OperationTraits>>

/** A person's reads, whose results are sent as they are. */
export type TextOperation =
  | `documents.${'get' | 'list' | 'page' | 'contents' | 'report'}`
  | 'search'
