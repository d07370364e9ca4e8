/** What goes on behind the requests: documents are read, libraries learnt from, vectors asked for. */
import type { Log } from './base/log.ts'
import type { Metrics } from './base/metrics.ts'
import { type Config, environmentOf } from './config.ts'
import type { Control } from './control/control.ts'
import type { TenantDirectory } from './control/tenant-directory.ts'
import type { Tiers } from './control/tiers.ts'
import { openModels } from './model-settings.ts'
import type { RemoteModels } from './rag/remote-models.ts'
import { createExtractorPool, type ExtractorPool } from './threads/extractor-pool.ts'
import { FitRunner } from './threads/fit-runner.ts'
import { IngestRunner, readersMax } from './threads/ingest-runner.ts'
import { type OcrProgram, ocrVariables, openOcr } from './threads/ocr-program.ts'

/** Time without a sign of life from a reader process before it is taken for hung. */
const readerSilenceMsMax = 60_000
const readerIdleMs = 60_000
/** Archives taken apart at once. */
const expandersMax = 1
/** Fifty million characters are some twenty times the Bible. */
const documentCharactersMax = 50_000_000
const documentPagesMax = 20_000

export interface Work {
  readonly extractor: ExtractorPool
  /** Somebody waits for its answer: an archive has a process of its own and does not wait for books. */
  readonly expander: ExtractorPool
  readonly runner: IngestRunner
  readonly fits: FitRunner
  readonly models: RemoteModels
}

/** @param stack closes what was opened, the last first */
export async function openWork(
  config: Config,
  log: Log,
  metrics: Metrics,
  stack: AsyncDisposableStack,
  { tenants, control, tiers }: { tenants: TenantDirectory; control: Control; tiers: Tiers },
): Promise<Work> {
  const extractor = openExtractors(config, metrics, readersMax(config.EXTRACTORS))
  stack.defer(() => extractor.close())
  const expander = openExtractors(config, metrics, expandersMax)
  stack.defer(() => expander.close())
  const ocr = await openOcr(config, environmentOf(ocrVariables))
  const runner = openRunner(config, log, metrics, { tenants, tiers, extractor, ocr })
  stack.defer(() => runner.close())
  const fits = openFits(log, tenants)
  stack.defer(() => fits.close())
  const models = openModels(config, log, metrics, { tenants, control })
  stack.defer(() => models.close())
  return { extractor, expander, runner, fits, models }
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
    tiers,
    extractor,
    ocr,
  }: {
    tenants: TenantDirectory
    tiers: Tiers
    extractor: ExtractorPool
    ocr: OcrProgram | undefined
  },
): IngestRunner {
  return new IngestRunner({
    extractor,
    ocr,
    concurrencyMax: config.EXTRACTORS,
    tenantConcurrencyMax: (tenant) => tiers.limitsOf(tenant).concurrent_jobs,
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
