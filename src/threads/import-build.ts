/** A library built anew from an archive that a user sent: every row is read in a process of its own, checked, and written by us. */
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { syncDirectory } from '../base/fs.ts'
import { machineProblem } from '../base/machine-fault.ts'
import { sqliteCode } from '../base/sqlite.ts'
import { notePagesRead } from '../library/usage.ts'
import { setVectorEpoch } from '../library/vector-changes.ts'
import { createAnalyser } from '../search/analysis/analyser.ts'
import { booksDirectory, tenantDirectory } from '../tenancy/layout.ts'
import type { Quota } from '../tenancy/quota.ts'
import { checkReceived, refusedArchive } from '../tenancy/received.ts'
import { closeStore, openStore } from '../tenancy/store.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { Guard } from './extractor-guard.ts'
import { BrokenReader } from './extractor-output.ts'
import { ExtractorProcess } from './extractor-process.ts'
import { LibraryImport } from './import-library.ts'
import { type ImportMessage, type ImportReading, importMessage } from './import-messages.ts'
import { isKnownSpace, VectorImport } from './import-vectors.ts'

const readerMemoryBytesMax = 400 * 2 ** 20
const readerHeapMegabytesMax = 192
/** For each hundred megabytes of database, and as much again. */
const readerCpuMs = 60_000
const silenceMsMax = 120_000
/** Agrees with no epoch of app.db: the first open compares both files, and makes what is missing. */
const unknownEpoch = -1

export interface ImportJob {
  /** Where the archive was received; ours to use up. */
  readonly received: string
  /** Where the library is when it is complete, on the same file system; nothing is there. */
  readonly staged: string
  readonly tenant: TenantId
  readonly generation: string
  readonly quota: Quota
  /** Of this tenant today, so that an import gives no new day. */
  readonly pagesRead: number
  /** Fingerprints of remote embedders that this server knows. */
  readonly embedders: readonly string[]
}

export interface ImportResult {
  readonly documents: number
  readonly passages: number
  readonly conversations: number
  readonly messages: number
  /** Of the archive that are kept; the others are made in the background. */
  readonly vectors: number
}

/**
 * @param onProgress told of the share that is done, 0 to 1
 * @throws Problem `invalid_request` with what is wrong with the archive, `quota_exceeded`, `disk_full`
 */
export async function buildImport(
  job: ImportJob,
  onProgress: (done: number) => void,
): Promise<ImportResult> {
  const { received, staged, tenant, generation } = job
  const manifest = checkReceived(received)
  const wanted = manifest.embedders[0] ?? ''
  const files = new Map(manifest.files.map(({ path, bytes }) => [path, bytes]))
  const building = join(received, 'building')
  mkdirSync(building, { mode: 0o700 })
  const store = { ...openStore(building, tenant, { generation, create: true }), quota: job.quota }
  let result: ImportResult
  try {
    const library = new LibraryImport(store, createAnalyser(), files)
    const isKnown = isKnownSpace(wanted, job.embedders)
    const vectors = new VectorImport(store.vecs, wanted)
    const reading: ImportReading = {
      directory: received,
      hasVecs: files.has('vecs.db'),
      fingerprint: isKnown ? wanted : null,
    }
    const bytes = (files.get('app.db') ?? 0) + (files.get('vecs.db') ?? 0)
    await read(reading, bytes, (message) => {
      if (!vectors.take(message)) library.take(message)
      onProgress(library.progress)
    })
    result = { ...library.end(), vectors: vectors.end() }
    notePagesRead(store.app, job.pagesRead, Date.now())
    setVectorEpoch(store.vecs, unknownEpoch)
  } catch (error) {
    throw asImportProblem(error)
  } finally {
    closeStore(store)
  }
  moveOriginals(received, store.directory)
  renameSync(tenantDirectory(building, tenant), staged)
  syncDirectory(dirname(staged))
  rmSync(received, { recursive: true, force: true })
  return result
}

/** Converses with the process that has the files open, and ends it in any case. */
async function read(
  reading: ImportReading,
  bytes: number,
  take: (message: ImportMessage) => void,
): Promise<void> {
  const cpuMsMax = readerCpuMs * (2 + bytes / 1e8)
  const process = new ExtractorProcess({
    entry: new URL('./import-reader.ts', import.meta.url),
    heapMegabytesMax: readerHeapMegabytesMax,
    cpuMsMax,
    readable: [reading.directory],
  })
  const { signal } = new AbortController()
  const memoryBytesMax = readerMemoryBytesMax
  const guard = new Guard(process, { memoryBytesMax, cpuMsMax, silenceMsMax, signal })
  try {
    process.begin(reading)
    for (;;) {
      const message = await guard.wait(process.next(importMessage))
      guard.progress()
      if (!message) throw refusedArchive('its database could not be read within the limits')
      if (message.type === 'refused') throw refusedArchive(message.why)
      if (message.type === 'done') return
      take(message)
    }
  } finally {
    guard.stop()
    process.kill()
    await process.exited
  }
}

/** What no document names goes with the first look at the library. */
function moveOriginals(received: string, directory: string): void {
  rmSync(booksDirectory(directory), { recursive: true })
  renameSync(booksDirectory(received), booksDirectory(directory))
  syncDirectory(directory)
}

function asImportProblem(error: unknown): unknown {
  if (error instanceof BrokenReader)
    return refusedArchive(`its database holds what no library holds: ${error.message}`)
  if (sqliteCode(error)?.startsWith('SQLITE_CONSTRAINT'))
    return refusedArchive('its database names something twice')
  return machineProblem(error) ?? error
}
