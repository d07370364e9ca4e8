/** One archive through one reader process: its documents come out as streams of bytes, within limits. */

import { zipMediaType } from '../ingest/archive/zip-kind.ts'
import { ExtractError } from '../ingest/contract.ts'
import { type ArchiveMessage, archiveMessage } from './archive-messages.ts'
import { Guard } from './extractor-guard.ts'
import { BrokenReader } from './extractor-output.ts'
import type { ExtractorProcess } from './extractor-process.ts'
import { type RunLimits, type RunResult, readBytes, sizeOf } from './extractor-run.ts'

/** Lines in the answer about what was left out. */
const skippedMax = 1_000

/** Takes what is in an archive, one document after the other; the reader waits while one of these runs. */
export interface ArchiveSink {
  begin(name: string): Promise<void>
  bytes(chunk: Uint8Array): Promise<void>
  end(): Promise<void>
  /** The document that was begun is damaged. */
  drop(name: string, reason: string): Promise<void>
  skip(name: string, reason: string): void
}

export interface ExpandRequest {
  /** Open for reading; stays the caller's, who closes it once `expand` has settled. */
  readonly fd: number
  /** Documents; more are refused. */
  readonly documentsMax: number
  readonly sink: ArchiveSink
  readonly signal?: AbortSignal
}

/** Never throws, as `readDocument`. */
export async function expandArchive(
  process: ExtractorProcess,
  request: ExpandRequest,
  limits: RunLimits,
): Promise<RunResult<true>> {
  const guard = new Guard(process, limits)
  try {
    limits.signal.throwIfAborted()
    await converse(process, request, guard)
    return { summary: true, isReusable: guard.reason === undefined }
  } catch (error) {
    if (error instanceof BrokenReader) {
      guard.kill('broken')
      return { error: await guard.explain(process.exited), isReusable: false }
    }
    return { error, isReusable: false }
  } finally {
    guard.stop()
  }
}

async function converse(
  process: ExtractorProcess,
  { fd, sink, documentsMax }: ExpandRequest,
  guard: Guard,
): Promise<void> {
  const size = await sizeOf(fd)
  const entries = new Entries(sink, documentsMax)
  process.begin({ mediaType: zipMediaType, filename: '', size, charactersMax: 0, pagesMax: 0 })
  for (;;) {
    const message = await guard.wait(process.next(archiveMessage))
    switch (message?.type) {
      case undefined:
        throw await guard.explain(process.exited)
      case 'ready':
        break
      case 'read':
        process.sendBytes(await readBytes(fd, size, message))
        break
      case 'bytes':
        await entries.bytes(await guard.wait(process.nextBytes(message.length)))
        guard.progress()
        break
      case 'expanded':
        return entries.close()
      case 'failed':
        throw new ExtractError(message.failure.code, message.failure.detail)
      case 'begin':
      case 'end':
      case 'drop':
      case 'skip':
        await entries.take(message)
    }
  }
}

/** Holds the reader to the order of its words, and counts. */
class Entries {
  readonly #sink: ArchiveSink
  readonly #documentsMax: number
  #isOpen = false
  #documents = 0
  #skipped = 0

  constructor(sink: ArchiveSink, documentsMax: number) {
    this.#sink = sink
    this.#documentsMax = documentsMax
  }

  async take(message: Extract<ArchiveMessage, { type: 'begin' | 'end' | 'drop' | 'skip' }>) {
    const mustBeOpen = message.type === 'end' || message.type === 'drop'
    if (this.#isOpen !== mustBeOpen) throw new BrokenReader('Entries are out of order.')
    this.#isOpen = message.type === 'begin'
    switch (message.type) {
      case 'begin':
        if (++this.#documents > this.#documentsMax) throw tooManyDocuments(this.#documentsMax)
        return this.#sink.begin(message.name)
      case 'end':
        return this.#sink.end()
      case 'drop':
        return this.#sink.drop(message.name, message.reason)
      case 'skip':
        if (++this.#skipped <= skippedMax) this.#sink.skip(message.name, message.reason)
    }
  }

  async bytes(chunk: Uint8Array): Promise<void> {
    if (!this.#isOpen) throw new BrokenReader('Bytes of no entry.')
    await this.#sink.bytes(chunk)
  }

  close(): void {
    if (this.#isOpen) throw new BrokenReader('The last entry has no end.')
  }
}

function tooManyDocuments(max: number): ExtractError {
  return new ExtractError(
    'unsupported',
    `The archive has more than ${max} documents. Split it and upload the parts.`,
  )
}
