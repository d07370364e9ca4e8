/** The remote models of a server, as its settings say: who makes vectors in the background, who helps a search. */
import type { EmbedderRecord } from '../control/embedders.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { EmbedRunner, type EmbedRunnerOptions, type EmbedStatus } from './embed-runner.ts'
import { createEmbeddings, embeddingsLimits } from './embeddings.ts'
import type { EndpointFault } from './endpoint-fault.ts'
import { type Prefixes, prefixesOf } from './model-prefixes.ts'
import { QueryVectors } from './query-vectors.ts'
import { Reranker, rerankLimits } from './rerank.ts'
import { Searcher } from './searcher.ts'

export interface EmbedderSettings {
  readonly url: string
  readonly model: string
  readonly apiKey: string | undefined
  /** Undefined: as the model's family wants it; `none`: nothing. */
  readonly queryPrefix: string | undefined
  readonly documentPrefix: string | undefined
  /** One request with passages. */
  readonly timeoutMs: number
  readonly queryTimeoutMs: number
}

export interface RerankSettings {
  readonly url: string
  readonly model: string | undefined
  readonly apiKey: string | undefined
  readonly timeoutMs: number
  readonly hits: number
}

export interface RemoteModelsOptions {
  /** Undefined: the built-in embedder. */
  readonly embedder: EmbedderSettings | undefined
  readonly reranker: RerankSettings | undefined
  readonly call: EmbedRunnerOptions['call']
  /** Spaces that this server has met. */
  readonly embedders: ReadonlyMap<string, EmbedderRecord>
  /** A space was found; to be kept. */
  readonly onEmbedder: (found: EmbedderRecord) => void
  readonly onStored: (stored: number) => void
  readonly onFault: (
    endpoint: 'embeddings' | 'query' | 'rerank',
    fault: EndpointFault,
    tenant?: TenantId,
  ) => void
}

export interface RemoteModels {
  readonly searcher: Searcher
  /** The tenant may have passages without vectors. */
  notify(tenant: TenantId): void
  /** Undefined with the built-in embedder. */
  status(tenant: TenantId): EmbedStatus | undefined
  /** Passages without vectors, of every library that is being worked on. */
  readonly pending: number
  /** Why no vectors are made now. */
  readonly outage: EndpointFault | undefined
  /** Ends every request; what was under way is pending still. */
  close(): Promise<void>
}

export function createRemoteModels(options: RemoteModelsOptions): RemoteModels {
  const embedding = options.embedder && openEmbedder(options.embedder, options)
  const { reranker } = options
  const searcher = new Searcher({
    queries: embedding?.queries,
    reranker: reranker && openReranker(reranker, options),
    ...(reranker && { rerankHits: reranker.hits }),
  })
  return {
    searcher,
    notify: (tenant) => embedding?.runner.notify(tenant),
    status: (tenant) => embedding?.runner.status(tenant),
    get pending() {
      return embedding?.runner.pending ?? 0
    },
    get outage() {
      return embedding?.runner.outage
    },
    close: async () => {
      embedding?.queries.close()
      await embedding?.runner.close()
      embedding?.embeddings.close()
    },
  }
}

function openEmbedder(
  { url, model, apiKey, queryPrefix, documentPrefix, timeoutMs, queryTimeoutMs }: EmbedderSettings,
  { call, embedders, onEmbedder, onStored, onFault }: RemoteModelsOptions,
) {
  const prefixes = prefixesWith(model, queryPrefix, documentPrefix)
  const limits = { timeoutMs, idleMs: Math.min(timeoutMs, embeddingsLimits.idleMs) }
  const settings = { url, model, apiKey, prefixes, limits }
  const embeddings = createEmbeddings({ ...settings, known: [...embedders.keys()] })
  const queries = new QueryVectors({
    embeddings,
    settings,
    embedders,
    limits: { deadlineMs: queryTimeoutMs },
    onFault: (fault) => onFault('query', fault),
  })
  const runner = new EmbedRunner({
    embeddings,
    call,
    onStored: (_tenant, stored) => onStored(stored),
    onFault: (fault, tenant) => onFault('embeddings', fault, tenant),
    onSpace: ({ fingerprint }) =>
      onEmbedder({
        fingerprint,
        model,
        queryPrefix: prefixes.query,
        documentPrefix: prefixes.document,
      }),
  })
  return { embeddings, queries, runner }
}

function openReranker(
  { url, model, apiKey, timeoutMs }: RerankSettings,
  { onFault }: RemoteModelsOptions,
): Reranker {
  return new Reranker({
    url,
    model,
    apiKey,
    limits: { ...rerankLimits, timeoutMs },
    onFault: (fault) => onFault('rerank', fault),
  })
}

function prefixesWith(
  model: string,
  query: string | undefined,
  document: string | undefined,
): Prefixes {
  const family = prefixesOf(model)
  const given = (prefix: string): string => (prefix === 'none' ? '' : prefix)
  return {
    query: given(query ?? family.query),
    document: given(document ?? family.document),
  }
}
