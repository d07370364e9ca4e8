/** The one composition root: builds every part of the server, hands each what it needs, and closes them in reverse. */
import { makeDirectory } from './base/fs.ts'
import { createLog, type Log } from './base/log.ts'
import { createMetrics, type Metrics } from './base/metrics.ts'
import { type FileLock, lockFile } from './base/sqlite.ts'
import { StartError } from './base/start-error.ts'
import { type Care, openCare } from './care.ts'
import { type Config, programEnvironment } from './config.ts'
import { Control } from './control/control.ts'
import { DocumentEvents } from './control/document-events.ts'
import { Fences } from './control/fences.ts'
import { PartialUploads } from './control/partial-uploads.ts'
import { removeServerAddress, writeServerAddress } from './control/server-address.ts'
import { TenantDirectory } from './control/tenant-directory.ts'
import { figures } from './figures.ts'
import { EventStreams } from './http/event-streams.ts'
import type { HttpServer } from './http/server.ts'
import { openModels } from './model-settings.ts'
import { createChat } from './rag/create-chat.ts'
import { authenticator, openHttp } from './serving.ts'
import { controlDbPath, lockPath, serverDirectory } from './tenancy/layout.ts'
import type { TenantId } from './tenancy/tenant-id.ts'
import { queueLimits } from './threads/call-queue.ts'
import { createExtractorPool, type ExtractorPool } from './threads/extractor-pool.ts'
import { FitRunner } from './threads/fit-runner.ts'
import { IngestRunner, readersMax } from './threads/ingest-runner.ts'
import { type OcrProgram, openOcr } from './threads/ocr-program.ts'
import type { StoreClosed } from './threads/protocol.ts'
import { Shards } from './threads/shards.ts'

/** Requests and operations under way get this long to end at a stop. */
const drainMs = 10_000
/** Time without a sign of life from a reader process before it is taken for hung. */
const readerSilenceMsMax = 60_000
const readerIdleMs = 60_000
/** Archives taken apart at once. */
const expandersMax = 1
/** Fifty million characters are some twenty times the Bible. */
const documentCharactersMax = 50_000_000
const documentPagesMax = 20_000

export interface Context extends AsyncDisposable {
  readonly log: Log
  readonly care: Care
  /** Starts to listen. @throws StartError when the address cannot be had */
  listen(): Promise<{ url: string }>
}

/**
 * Builds the server without listening.
 * @throws StartError when another server has the data directory, or it cannot be used
 */
export async function createContext(
  config: Config,
  log: Log = createLog(config.LOG_LEVEL),
): Promise<Context> {
  await using stack = new AsyncDisposableStack()
  const lock = takeDataDir(config.DATA_DIR)
  stack.defer(() => lock.release())
  const control = await Control.open(controlDbPath(config.DATA_DIR))
  stack.defer(() => control.close())
  const metrics = createMetrics(() => figures(shards, control, runner, models))

  const shards: Shards = openShards(config, log, metrics, {
    onClosed: (closed) => tenants.storeClosed(closed),
    onFitDue: (tenant) => fits.notify(tenant),
    onEmbedDue: (tenant) => models.notify(tenant),
  })
  stack.defer(() => shards.close(drainMs))
  const fences = new Fences(control)
  const parts = openParts(config, control)
  stack.defer(() => parts.close())
  const tenants = new TenantDirectory({
    dataDir: config.DATA_DIR,
    control,
    shards,
    fences,
    onJob: (tenant, atMs) => runner.notify(tenant, atMs),
    events: new DocumentEvents(),
    parts,
    onJobsEnded: (tenant) => void runner.check(tenant).catch(() => undefined),
  })
  stack.defer(() => tenants.stopRecovering())
  const extractor = openExtractors(config, metrics, readersMax(config.EXTRACTORS))
  stack.defer(() => extractor.close())
  // Somebody waits for the answer: an archive has a process of its own and does not wait for books.
  const expander = openExtractors(config, metrics, expandersMax)
  stack.defer(() => expander.close())
  const ocr = await openOcr(config, programEnvironment())
  const runner = openRunner(config, log, metrics, { tenants, extractor, ocr })
  stack.defer(() => runner.close())
  const fits = openFits(log, tenants)
  stack.defer(() => fits.close())
  const models = openModels(config, log, metrics, { tenants, control })
  stack.defer(() => models.close())

  const care = openCare(config, log, stack, {
    parts: { control, shards, fences, tenants },
    onJob: (tenant, atMs) => runner.notify(tenant, atMs),
  })

  const authenticate = authenticator(config)
  const streams = new EventStreams(authenticate)
  const onFault = (error: unknown): void => log.error({ err: error }, 'a question failed')
  const chat = createChat(config, onFault, models.searcher)
  stack.defer(() => removeServerAddress(config.DATA_DIR))
  const http = openHttp(config, log, {
    ...{ authenticate, streams, chat, tenants, shards, control, expander, models, metrics, care },
  })
  stack.defer(() => http.close(drainMs))
  stack.defer(() => streams.close())
  stack.defer(() => chat.close())

  const opened = stack.move()
  return {
    log,
    care,
    listen: async () => {
      const url = await listen(http, config)
      writeServerAddress(config.DATA_DIR, { url, token: care.runToken })
      extractor.warm()
      // After listening: people wait for their own library at most, never for everybody's.
      care.start()
      return { url }
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** Unfinished uploads of one tenant may be as large as so many files. */
const partialFilesMax = 4

function openParts(config: Config, control: Control): PartialUploads {
  return new PartialUploads({
    dataDir: config.DATA_DIR,
    expiryMs: config.UPLOAD_EXPIRY_MS,
    bytesMax: partialFilesMax * config.UPLOAD_BYTES_MAX,
    hint: (tenant) => control.setHint(tenant, true),
  })
}

function openShards(
  config: Config,
  log: Log,
  metrics: Metrics,
  told: {
    onClosed: (store: StoreClosed) => void
    onFitDue: (tenant: TenantId) => void
    onEmbedDue: (tenant: TenantId) => void
  },
): Shards {
  return new Shards({
    count: config.SHARDS,
    limits: queueLimits,
    worker: {
      dataDir: config.DATA_DIR,
      storesMax: config.POOL_MAX,
      idleMs: config.POOL_IDLE_MS,
      ranking: {
        k1: config.BM25_K1,
        b: config.BM25_B,
        titleWeight: config.TITLE_WEIGHT,
        sectionWeight: config.SECTION_WEIGHT,
        keywordShare: config.KEYWORD_SHARE,
      },
      vectorCacheBytesMax: config.VECTOR_CACHE_BYTES_MAX,
      embedder: config.EMBEDDINGS_URL === undefined ? 'builtin' : 'remote',
    },
    onClosed: (closed) => closed.forEach(told.onClosed),
    onFitDue: told.onFitDue,
    onEmbedDue: told.onEmbedDue,
    onDeath: (error) => {
      metrics.shardRestarts.inc()
      log.error({ err: error }, 'a shard died and is replaced')
    },
    onFault: (operation, stack) => log.error({ operation, stack }, 'an operation failed'),
    onTiming: (operation, seconds) => metrics.operationSeconds.observe({ operation }, seconds),
  })
}

function openExtractors(config: Config, metrics: Metrics, sizeMax: number): ExtractorPool {
  return createExtractorPool({
    sizeMax,
    memoryBytesMax: config.EXTRACT_MEMORY_BYTES_MAX,
    cpuMsMax: config.EXTRACT_CPU_MS_MAX,
    silenceMsMax: readerSilenceMsMax,
    idleMs: readerIdleMs,
    charactersMax: documentCharactersMax,
    pagesMax: documentPagesMax,
    hasOcr: config.OCR !== 'off',
    onKill: (reason) => metrics.readerKills.inc({ reason }),
  })
}

function openRunner(
  config: Config,
  log: Log,
  metrics: Metrics,
  {
    tenants,
    extractor,
    ocr,
  }: { tenants: TenantDirectory; extractor: ExtractorPool; ocr: OcrProgram | undefined },
): IngestRunner {
  return new IngestRunner({
    extractor,
    ocr,
    concurrencyMax: config.EXTRACTORS,
    call: (tenant, operation, args) => tenants.call(tenant, operation, args),
    openOriginal: (tenant, sha256, extension) => tenants.openOriginal(tenant, sha256, extension),
    onEnd: ({ cause, ms, ...end }) => {
      metrics.documentsRead.inc({ outcome: end.outcome })
      const event = { ...end, ms: Math.round(ms) }
      if (end.outcome === 'requeued')
        log.warn({ ...event, err: cause }, 'a document is read again later')
      else log.info(event, 'a document was read')
    },
  })
}

function openFits(log: Log, tenants: TenantDirectory): FitRunner {
  return new FitRunner({
    call: (tenant, operation, args) => tenants.call(tenant, operation, args),
    onEnd: ({ cause, ms, ...end }) => {
      const event = { ...end, ms: Math.round(ms) }
      if (end.outcome === 'failed')
        log.error({ ...event, err: cause }, 'a library could not be learnt from')
      else log.info(event, 'a library was learnt from')
    },
  })
}

function takeDataDir(dataDir: string): FileLock {
  try {
    makeDirectory(dataDir)
    makeDirectory(serverDirectory(dataDir))
  } catch (error) {
    throw new StartError(
      `DATA_DIR: ${dataDir} cannot be used: ${(error as NodeJS.ErrnoException).code ?? error}`,
    )
  }
  const lock = lockFile(lockPath(dataDir))
  if (!lock) throw new StartError(`DATA_DIR: another Carrel is running on ${dataDir}`)
  return lock
}

async function listen(http: HttpServer, { HOST, PORT }: Config): Promise<string> {
  try {
    const { port } = await http.listen(PORT, HOST)
    return `http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${port}`
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason = code === 'EADDRINUSE' ? 'the port is in use' : (code ?? String(error))
    throw new StartError(`PORT: cannot listen on ${HOST}:${PORT}: ${reason}`)
  }
}
