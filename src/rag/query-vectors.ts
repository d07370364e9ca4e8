/** The vector of a question in the space that a library is searched in: that of the model in use, or of the one before. */
import type { EmbedderRecord } from '../control/embedders.ts'
import { createEmbeddings, type Embeddings, type EmbeddingsOptions } from './embeddings.ts'
import type { EndpointFault } from './endpoint-fault.ts'
import type { Prefixes } from './model-prefixes.ts'
import { QueryEmbeddings, type QueryLimits } from './query-embeddings.ts'

/** Models of the past that are asked at once: one a change, and changes overlap seldom. */
const formerMax = 4

export interface QueryVectorsOptions {
  /** Of the model in use. */
  readonly embeddings: Embeddings
  readonly settings: Pick<EmbeddingsOptions, 'url' | 'model' | 'apiKey' | 'limits'> & {
    readonly prefixes: Prefixes
  }
  /** Every space that this server has met, by its name. */
  readonly embedders: ReadonlyMap<string, EmbedderRecord>
  readonly limits?: Partial<QueryLimits> | undefined
  /** Told why a search went on by words alone. */
  readonly onFault?: (fault: EndpointFault) => void
}

interface Former {
  readonly embeddings: Embeddings
  readonly queries: QueryEmbeddings
}

export class QueryVectors {
  readonly #options: QueryVectorsOptions
  readonly #queries: QueryEmbeddings
  readonly #former = new Map<string, Former>()

  constructor(options: QueryVectorsOptions) {
    this.#options = options
    this.#queries = this.#queriesOf(options.embeddings)
  }

  /**
   * @param scope who may share cached answers (the tenant)
   * @param fingerprint the space that is searched
   * @returns undefined when there is none in that space, soon enough: search by words
   * @throws the signal's reason when the caller aborts
   */
  async of(
    scope: string,
    text: string,
    fingerprint: string,
    signal?: AbortSignal,
  ): Promise<Float32Array | undefined> {
    const queries = this.#modelOf(fingerprint)
    const answer = await queries.embed(scope, text, signal)
    if ('vector' in answer) return answer.fingerprint === fingerprint ? answer.vector : undefined
    this.#options.onFault?.(answer.fault)
    return undefined
  }

  /** Ends every request. */
  close(): void {
    for (const { embeddings } of this.#former.values()) embeddings.close()
    this.#former.clear()
  }

  /** The same endpoint is asked for the model of the past by its name: many serve several. */
  #modelOf(fingerprint: string): QueryEmbeddings {
    const { settings, embedders } = this.#options
    const { model, prefixes } = settings
    const record = embedders.get(fingerprint)
    const isInUse =
      record?.model === model &&
      record.queryPrefix === prefixes.query &&
      record.documentPrefix === prefixes.document
    if (!record || isInUse) return this.#queries
    const found = this.#former.get(fingerprint) ?? this.#open(record)
    return found.queries
  }

  #open(record: EmbedderRecord): Former {
    const { settings } = this.#options
    const [oldest] = this.#former
    if (oldest && this.#former.size >= formerMax) {
      oldest[1].embeddings.close()
      this.#former.delete(oldest[0])
    }
    const embeddings = createEmbeddings({
      ...settings,
      model: record.model,
      prefixes: { query: record.queryPrefix, document: record.documentPrefix },
      known: [record.fingerprint],
    })
    const former = { embeddings, queries: this.#queriesOf(embeddings) }
    this.#former.set(record.fingerprint, former)
    return former
  }

  #queriesOf(embeddings: Embeddings): QueryEmbeddings {
    return new QueryEmbeddings({ embeddings, limits: this.#options.limits ?? {} })
  }
}
