/** The operations table: everything that can be done to a store, by name. A new feature adds a line here. */
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'
import * as conversations from './conversation-operations.ts'
import * as documents from './document-operations.ts'
import * as fit from './fit-operations.ts'
import * as ingest from './ingest-operations.ts'
import * as passages from './passage-operations.ts'
import { search } from './search-operation.ts'
import * as vectors from './vector-operations.ts'

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
}

interface Operation<Args, Result> extends OperationTraits {
  readonly run: (context: ShardContext, store: Store, args: Args) => Result
}

export const operations = {
  'tenant.open': read((_context, store: Store) => ({ generation: store.generation })),
  'tenant.recover': write(ingest.recover),
  'tenant.resume': write(ingest.resume),
  'account.show': read(documents.account),
  'documents.create': queuing(documents.create),
  'documents.list': read(documents.list),
  'documents.get': read(documents.get),
  'documents.update': write(documents.update),
  'documents.delete': { ...write(documents.remove), endsJobs: true },
  'documents.cancel': { ...write(ingest.cancel), endsJobs: true },
  'documents.original': read(documents.original),
  'documents.page': read(documents.page),
  'documents.contents': read(documents.contents),
  'documents.report': read(documents.report),
  'documents.thumbnail': read(documents.thumbnail),
  'documents.reprocess': queuing(documents.reprocess),
  search: read(search),
  'passages.widen': read(passages.widen),
  'conversations.history': read(conversations.history),
  'conversations.record': write(conversations.record),
  'conversations.list': read(conversations.list),
  'conversations.get': read(conversations.get),
  'conversations.update': write(conversations.update),
  'conversations.delete': write(conversations.remove),
  'conversations.feedback': write(conversations.feedback),
  'ingest.claim': background(ingest.claim),
  'ingest.append': background(ingest.append),
  'ingest.finish': background(ingest.finish),
  'ingest.recognised': { ...read(ingest.recognised), lane: 'background' },
  'ingest.keepRecognised': background(ingest.keepRecognised),
  'ingest.fail': background(ingest.fail),
  'ingest.requeue': background(ingest.requeue),
  'ingest.holds': read(ingest.holds),
  'ingest.next': { ...read(ingest.nextJob), lane: 'background' },
  'fit.plan': { ...read(fit.plan), lane: 'background' },
  'fit.passages': { ...read(fit.passages), lane: 'background' },
  'fit.store': background(fit.store),
  'vectors.pending': { ...read(vectors.pending), lane: 'background' },
  'vectors.store': background(vectors.store),
} as const

export type Operations = {
  readonly [Name in keyof typeof operations]: {
    readonly args: Parameters<(typeof operations)[Name]['run']>[2]
    readonly result: ReturnType<(typeof operations)[Name]['run']>
  }
}
export type OperationName = keyof Operations

/** A person's reads, whose results are sent as they are. */
export type TextOperation = `documents.${'get' | 'list' | 'page' | 'contents' | 'report'}`

export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(operations, name)
}

type Run<Args, Result> = (context: ShardContext, store: Store, args: Args) => Result

function read<Args, Result>(run: Run<Args, Result>): Operation<Args, Result> {
  return { access: 'read', lane: 'interactive', queuesJobs: false, run }
}

function write<Args, Result>(run: Run<Args, Result>): Operation<Args, Result> {
  return { access: 'write', lane: 'interactive', queuesJobs: false, run }
}

function queuing<Args, Result>(run: Run<Args, Result>): Operation<Args, Result> {
  return { access: 'write', lane: 'interactive', queuesJobs: true, run }
}

function background<Args, Result>(run: Run<Args, Result>): Operation<Args, Result> {
  return { access: 'write', lane: 'background', queuesJobs: false, run }
}
