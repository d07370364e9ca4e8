/** The operations table: everything that can be done to a store, by name. Only a shard loads it, with all the code of a library. */
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'
import * as conversations from './conversation-operations.ts'
import * as documents from './document-operations.ts'
import * as fit from './fit-operations.ts'
import * as ingest from './ingest-operations.ts'
import { type OperationTraits, operationTraits } from './operation-traits.ts'
import * as passages from './passage-operations.ts'
import { search, searchAsText } from './search-operation.ts'
import * as vectors from './vector-operations.ts'

type Run<Args, Result> = (context: ShardContext, store: Store, args: Args) => Result

const runs = {
  'tenant.open': run((_context: ShardContext, store: Store) => ({ generation: store.generation })),
  'tenant.recover': run(ingest.recover),
  'tenant.resume': run(ingest.resume),
  'account.show': run(documents.account),
  'documents.create': run(documents.create),
  'documents.list': run(documents.list),
  'documents.get': run(documents.get),
  'documents.update': run(documents.update),
  'documents.delete': run(documents.remove),
  'documents.cancel': run(ingest.cancel),
  'documents.original': run(documents.original),
  'documents.page': run(documents.page),
  'documents.contents': run(documents.contents),
  'documents.report': run(documents.report),
  'documents.thumbnail': run(documents.thumbnail),
  'documents.reprocess': run(documents.reprocess),
  search: run(search),
  'passages.widen': run(passages.widen),
  'conversations.history': run(conversations.history),
  'conversations.record': run(conversations.record),
  'conversations.list': run(conversations.list),
  'conversations.get': run(conversations.get),
  'conversations.update': run(conversations.update),
  'conversations.delete': run(conversations.remove),
  'conversations.feedback': run(conversations.feedback),
  'ingest.claim': run(ingest.claim),
  'ingest.append': run(ingest.append),
  'ingest.finish': run(ingest.finish),
  'ingest.recognised': run(ingest.recognised),
  'ingest.keepRecognised': run(ingest.keepRecognised),
  'ingest.fail': run(ingest.fail),
  'ingest.requeue': run(ingest.requeue),
  'ingest.holds': run(ingest.holds),
  'ingest.next': run(ingest.nextJob),
  'fit.plan': run(fit.plan),
  'fit.passages': run(fit.passages),
  'fit.store': run(fit.store),
  'vectors.pending': run(vectors.pending),
  'vectors.store': run(vectors.store),
} as const

/** Those whose JSON is quicker made than their result, or says less. */
const texts: { readonly [Name in keyof Runs]?: Run<Parameters<Runs[Name]>[2], string> } = {
  'documents.list': documents.listAsText,
  'documents.get': documents.getAsText,
  search: searchAsText,
}

type Runs = typeof runs
export type Operations = {
  readonly [Name in keyof Runs]: {
    readonly args: Parameters<Runs[Name]>[2]
    readonly result: ReturnType<Runs[Name]>
  }
}
export type OperationName = keyof Operations

type Operation<Name extends OperationName> = OperationTraits & {
  readonly run: Runs[Name]
  /** The result as JSON, where that is quicker. */
  readonly text: Run<Operations[Name]['args'], string> | undefined
}

export const operations = Object.fromEntries(
  Object.entries(runs satisfies Readonly<Record<keyof typeof operationTraits, unknown>>).map(
    ([name, operation]) => [
      name,
      {
        ...operationTraits[name as OperationName],
        run: operation,
        text: texts[name as OperationName],
      },
    ],
  ),
) as unknown as { readonly [Name in OperationName]: Operation<Name> }

export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(operations, name)
}

/** Gives a function that takes no arguments the form of all others. */
function run<Args, Result>(operation: Run<Args, Result>): Run<Args, Result> {
  return operation
}
