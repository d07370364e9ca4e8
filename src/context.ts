/** The one composition root: builds every part of the server, hands each what it needs, and closes them in reverse. */
import { openTiers } from './access.ts'
import { type FileLock, lockFile } from './base/file-lock.ts'
import { makeDirectory } from './base/fs.ts'
import { type Log, type Logs, openLogs } from './base/log.ts'
import { createMetrics, type Metrics } from './base/metrics.ts'
import { StartError } from './base/start-error.ts'
import { type Care, openCare } from './care.ts'
import type { Config } from './config.ts'
import { Control } from './control/control.ts'
import { DiskFigures } from './control/disk-figures.ts'
import type { LibrariesOnDisk } from './control/disk-sizes.ts'
import { DocumentEvents } from './control/document-events.ts'
import { Fences } from './control/fences.ts'
import type { LinkUsers } from './control/link-users.ts'
import { PartialUploads } from './control/partial-uploads.ts'
import type { Sealing } from './control/sealing.ts'
import { removeServerAddress, writeServerAddress } from './control/server-address.ts'
import { TenantDirectory } from './control/tenant-directory.ts'
import { figures } from './figures.ts'
import { EventStreams } from './http/event-streams.ts'
import type { HttpServer } from './http/server.ts'
import { createIdentity } from './identity.ts'
import { createChat } from './rag/create-chat.ts'
import { openRecords, type Records } from './records.ts'
import { givenKeys, sealAtStart } from './secrets.ts'
import { openHttp, openTraces } from './serving.ts'
import { controlDbPath, lockPath, requestsDirectory, serverDirectory } from './tenancy/layout.ts'
import type { TenantId } from './tenancy/tenant-id.ts'
import { queueLimits } from './threads/call-queue.ts'
import type { StoreClosed } from './threads/protocol.ts'
import { Shards } from './threads/shards.ts'
import { openWork, type Work } from './work.ts'

/** Requests and operations under way get this long to end at a stop. */
const drainMs = 10_000

export interface Context extends AsyncDisposable {
  readonly log: Log
  readonly care: Care
  readonly records: Records
  /** Where SIGN_IN_LINKS is on. */
  readonly users: LinkUsers | undefined
  readonly sealing: Sealing
  /** Starts to listen. @throws StartError when the address cannot be had */
  listen(): Promise<{ url: string }>
}

/**
 * Builds the server without listening.
 * @throws StartError when another server has the data directory, or it cannot be used; TiersError for a bad TIERS_FILE
 */
export async function createContext(
  config: Config,
  logs: Logs = openLogs(config.LOG_LEVEL),
): Promise<Context> {
  await using stack = new AsyncDisposableStack()
  const { log } = logs
  stack.defer(() => logs.flush())
  const lock = takeDataDir(config.DATA_DIR)
  stack.defer(() => lock.release())
  const control = await openControl(config, log, stack)
  const { tiers, stop } = openTiers(config.TIERS_FILE, log, control, () => records.onTiers())
  stack.defer(stop)
  const records = openRecords(config, log, { control, tiers }, (tenant) =>
    tenants.call(tenant, 'account.show', {}),
  )
  const identity = await createIdentity(config, control, tiers, records.onSignInFailed)
  const metrics = createMetrics(() => figures({ shards, control, identity, disk, ...work }))
  const disk = openDisk(config, control, stack)

  const shards: Shards = openShards(config, log, metrics, {
    onClosed: (closed) => tenants.storeClosed(closed),
    onWorked: (tenant, seconds) => records.usage.worked(tenant, seconds),
    onFitDue: (tenant) => work.fits.notify(tenant),
    onEmbedDue: (tenant) => work.models.notify(tenant),
  })
  stack.defer(() => shards.close(drainMs))
  const fences = new Fences(control)
  const parts = openParts(config, control, fences)
  stack.defer(() => parts.close())
  const onJob = (tenant: TenantId, atMs?: number) => work.runner.notify(tenant, atMs)
  const tenants = new TenantDirectory({
    dataDir: config.DATA_DIR,
    ...{ control, shards, fences, tiers, parts, onJob, heard: records.heard },
    events: new DocumentEvents(),
    onJobsEnded: (tenant) => void work.runner.check(tenant).catch(() => undefined),
  })
  stack.defer(() => tenants.stopRecovering())
  stack.defer(records.close)
  const work = await openWork(config, log, metrics, stack, { tenants, control, tiers })
  const held = { control, shards, fences, tenants }
  const care = openCare(config, log, stack, {
    parts: held,
    uploads: parts,
    onJob,
    told: records.told,
  })

  const streams = new EventStreams(identity.authenticate)
  const onFault = (error: unknown): void => log.error({ err: error }, 'a question failed')
  const chat = createChat(config, onFault, work.models.searcher, control.chatKeys)
  stack.defer(() => removeServerAddress(config.DATA_DIR))
  const tracing = await openTraces(config, stack)
  const forHttp = { tracing, identity, tiers, streams, chat, ...held, metrics, care, records }
  const http = openHttp(config, logs, { ...forHttp, ...work })
  stack.defer(() => http.close(drainMs))
  stack.defer(() => streams.close())
  stack.defer(() => chat.close())

  const opened = stack.move()
  return {
    log,
    care,
    records,
    users: identity.users,
    sealing: control.sealing,
    listen: () => begin(config, http, { care, disk }, work),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function begin(
  config: Config,
  http: HttpServer,
  { care, disk }: { care: Care; disk: DiskFigures },
  { extractor }: Work,
): Promise<{ url: string }> {
  const url = await listen(http, config)
  writeServerAddress(config.DATA_DIR, { url, token: care.runToken })
  extractor.warm()
  // After listening: people wait for their own library at most, never for everybody's.
  care.start()
  disk.start()
  return { url }
}

function openDisk(config: Config, control: Control, stack: AsyncDisposableStack): DiskFigures {
  const { DATA_DIR: dataDir, SNAPSHOTS_DIR: snapshotsDir } = config
  const sizes = async (libraries: LibrariesOnDisk) => control.ask('disk.sizes', libraries)
  const disk = new DiskFigures({ dataDir, snapshotsDir, control, sizes })
  stack.defer(() => disk.close())
  return disk
}

/** Unfinished uploads of one tenant may be as large as so many files. */
const partialFilesMax = 4

function openParts(config: Config, control: Control, fences: Fences): PartialUploads {
  return new PartialUploads({
    dataDir: config.DATA_DIR,
    expiryMs: config.UPLOAD_EXPIRY_MS,
    bytesMax: partialFilesMax * config.UPLOAD_BYTES_MAX,
    admit: async (tenant) => {
      await fences.pass(tenant, 'write')
      await control.setHint(tenant, true)
    },
  })
}

function openShards(
  config: Config,
  log: Log,
  metrics: Metrics,
  told: {
    onClosed: (store: StoreClosed) => void
    onWorked: (tenant: TenantId, seconds: number) => void
    onFitDue: (tenant: TenantId) => void
    onEmbedDue: (tenant: TenantId) => void
  },
): Shards {
  const { SLOW_OPERATION_MS: slowMs } = config
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
    onWorked: told.onWorked,
    onFitDue: told.onFitDue,
    onEmbedDue: told.onEmbedDue,
    onDeath: (error) => {
      metrics.shardRestarts.inc()
      log.error({ err: error }, 'a shard died and is replaced')
    },
    onFault: (operation, stack, request_id) =>
      log.error({ operation, stack, request_id }, 'an operation failed'),
    onTiming: (operation, seconds, { tenant, requestId: request_id, ...timing }) => {
      metrics.operationSeconds.observe({ operation }, seconds)
      if (slowMs === 0 || timing.ms < slowMs) return
      const ms = Math.round(timing.ms)
      const waited_ms = Math.round(timing.waitedMs)
      log.warn({ operation, request_id, tenant, ms, waited_ms }, 'a slow operation')
    },
  })
}

async function openControl(
  config: Config,
  log: Log,
  stack: AsyncDisposableStack,
): Promise<Control> {
  const { DATA_DIR, REQUEST_LOG_MONTHS: months } = config
  const requests = months > 0 ? { directory: requestsDirectory(DATA_DIR), months } : undefined
  const control = await Control.open(controlDbPath(DATA_DIR), requests, givenKeys(config))
  stack.defer(() => control.close())
  await sealAtStart(control, log)
  return control
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
