/** The remote models of the server: from its settings, with its records, log and metrics. */

import type { Log } from './base/log.ts'
import type { Metrics } from './base/metrics.ts'
import type { Config } from './config.ts'
import type { Control } from './control/control.ts'
import type { TenantDirectory } from './control/tenant-directory.ts'
import {
  createRemoteModels,
  type RemoteModels,
  type RemoteModelsOptions,
} from './rag/remote-models.ts'

/** Who makes vectors and who orders hits; undefined where nothing is configured. */
function modelSettings(config: Config): Pick<RemoteModelsOptions, 'embedder' | 'reranker'> {
  const { EMBEDDINGS_URL, EMBEDDINGS_MODEL, RERANK_URL } = config
  return {
    embedder:
      EMBEDDINGS_URL === undefined || EMBEDDINGS_MODEL === undefined
        ? undefined
        : {
            url: EMBEDDINGS_URL,
            model: EMBEDDINGS_MODEL,
            apiKey: config.EMBEDDINGS_API_KEY,
            queryPrefix: config.EMBEDDINGS_QUERY_PREFIX,
            documentPrefix: config.EMBEDDINGS_DOCUMENT_PREFIX,
            timeoutMs: config.EMBEDDINGS_TIMEOUT_MS,
            queryTimeoutMs: config.EMBEDDINGS_QUERY_TIMEOUT_MS,
          },
    reranker:
      RERANK_URL === undefined
        ? undefined
        : {
            url: RERANK_URL,
            model: config.RERANK_MODEL,
            apiKey: config.RERANK_API_KEY,
            timeoutMs: config.RERANK_TIMEOUT_MS,
            hits: config.RERANK_HITS,
          },
  }
}

/** Asks nothing before it is used. */
export function openModels(
  config: Config,
  log: Log,
  metrics: Metrics,
  { tenants, control }: { tenants: TenantDirectory; control: Control },
): RemoteModels {
  return createRemoteModels({
    ...modelSettings(config),
    call: (tenant, operation, args) => tenants.call(tenant, operation, args),
    embedders: control.embedders,
    onEmbedder: (found) =>
      // Not written, it is found again at the next start.
      void control.addEmbedder(found, Date.now()).catch(() => undefined),
    onStored: (stored) => metrics.passagesEmbedded.inc(stored),
    onFault: (endpoint, { kind, sentence }, tenant) => {
      metrics.modelFaults.inc({ endpoint, kind })
      if (endpoint === 'embeddings') log.warn({ endpoint, kind, tenant }, sentence)
      else log.debug({ endpoint, kind }, sentence)
    },
  })
}
