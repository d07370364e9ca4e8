/** Counters and gauges in Prometheus form; one registry a server, handed to whoever counts. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** From a cached read to a long search, in seconds. */
const operationBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5]

export interface Metrics {
  readonly registry: Registry
  readonly operationSeconds: Histogram<'operation'>
  readonly shardRestarts: Counter
  readonly documentsRead: Counter<'outcome'>
  readonly readerKills: Counter<'reason'>
  readonly passagesEmbedded: Counter
  readonly modelFaults: Counter<'endpoint' | 'kind'>
  readonly quotaRefusals: Counter<'which'>
  readonly refusedAtDoor: Counter
}

/** What is looked up when somebody asks, rather than counted. */
export interface LiveFigures {
  readonly storesOpen: number
  readonly storeOpens: number
  readonly storeHits: number
  readonly storeEvictions: number
  readonly callsWaiting: number
  readonly tenants: number
  readonly jobsRunning: number
  readonly tenantsWithJobs: number
  readonly vectorsPending: number
  /** 1 while the last fetch went well, or there is none to make. */
  readonly keySetOk: number
  readonly keySetFetches: number
  readonly heimdallOk: number
  readonly appBytes: number
  readonly vecsBytes: number
  readonly snapshotAgeS: number
}

export function createMetrics(live: () => LiveFigures): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const [key, name, help] of liveGauges)
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(live()[key])
      },
    })
  const registers = [registry]
  return {
    registry,
    operationSeconds: new Histogram({
      name: 'carrel_operation_duration_seconds',
      help: 'Time from handing an operation to its shard to its answer',
      labelNames: ['operation'],
      buckets: operationBuckets,
      registers,
    }),
    shardRestarts: new Counter({
      name: 'carrel_shard_restarts_total',
      help: 'Shard threads that died and were replaced',
      registers,
    }),
    documentsRead: new Counter({
      name: 'carrel_documents_read_total',
      help: 'Documents whose reading ended, by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    readerKills: new Counter({
      name: 'carrel_reader_kills_total',
      help: 'Reader processes that were killed, by reason',
      labelNames: ['reason'],
      registers,
    }),
    passagesEmbedded: new Counter({
      name: 'carrel_passages_embedded_total',
      help: 'Vectors of passages stored that a remote embedder made',
      registers,
    }),
    modelFaults: new Counter({
      name: 'carrel_model_faults_total',
      help: 'What remote models failed at; a search went on without them',
      labelNames: ['endpoint', 'kind'],
      registers,
    }),
    refusedAtDoor: new Counter({
      name: 'carrel_refused_at_door_total',
      help: 'Requests refused before anything was done for them: sent away from a full server, they came again at once',
      registers,
    }),
    quotaRefusals: new Counter({
      name: 'carrel_quota_refusals_total',
      help: 'What was refused because a share is used up, by share',
      labelNames: ['which'],
      registers,
    }),
  }
}

const liveGauges: readonly [keyof LiveFigures, string, string][] = [
  ['storesOpen', 'carrel_stores_open', 'Stores open now'],
  ['storeOpens', 'carrel_store_opens', 'Stores opened since the start'],
  ['storeHits', 'carrel_store_hits', 'Operations that found their store open'],
  ['storeEvictions', 'carrel_store_evictions', 'Stores closed to make room'],
  ['callsWaiting', 'carrel_calls_waiting', 'Operations waiting for their shard'],
  ['tenants', 'carrel_tenants', 'Tenants known'],
  ['jobsRunning', 'carrel_jobs_running', 'Documents being read now'],
  [
    'vectorsPending',
    'carrel_vectors_pending',
    'Passages without a vector of the remote embedder, of libraries being worked on',
  ],
  ['tenantsWithJobs', 'carrel_tenants_with_jobs', 'Tenants with a document waiting'],
  ['keySetOk', 'carrel_key_set_ok', '1 unless the key set of JWT_JWKS_URL could not be fetched'],
  ['keySetFetches', 'carrel_key_set_fetches', 'Fetches of the key set since the start'],
  ['heimdallOk', 'carrel_heimdall_ok', '1 unless Heimdall did not answer'],
  [
    'appBytes',
    'carrel_app_db_bytes',
    'All app.db: texts and keyword indexes, looked at every ten minutes',
  ],
  ['vecsBytes', 'carrel_vecs_db_bytes', 'All vecs.db: vectors, looked at every ten minutes'],
  [
    'snapshotAgeS',
    'carrel_snapshot_age_seconds',
    'Age of the oldest last snapshot, of libraries written to since; since they were made where there is none',
  ],
]
