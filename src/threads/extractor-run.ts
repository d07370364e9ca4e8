/** One document through one reader process: serves it bytes, takes its batches, and ends it when it goes over a limit. */
import { fstat, read } from 'node:fs'
import { promisify } from 'node:util'
import {
  type ExtractBatch,
  ExtractError,
  type ExtractFailureCode,
  type ExtractSummary,
} from '../ingest/contract.ts'
import { Guard, type GuardLimits } from './extractor-guard.ts'
import { type ChildMessage, childMessage } from './extractor-messages.ts'
import { BrokenReader, OutputCheck } from './extractor-output.ts'
import type { ExtractorProcess } from './extractor-process.ts'

const statFile = promisify(fstat)
const readFileAt = promisify(read)

/** Failures after which a process is as good as new: it read the document to where it ends, and said so. */
const cleanFailures: ReadonlySet<ExtractFailureCode> = new Set(['no_text', 'password_required'])

export interface RunRequest {
  readonly fd: number
  readonly mediaType: string
  readonly filename: string
  readonly onBatch: (batch: ExtractBatch) => Promise<void>
  /** Reads pictures of pages that have no text; without it such pages stay empty. */
  readonly ocr?: PageOcr | undefined
}

/** Text recognition, for one document. */
export interface PageOcr {
  /** What was recognised of the page at an earlier try; null when nothing was tried. */
  known(page: number): Promise<string | null>
  /** @returns null when the page could not be recognised */
  recognise(page: number, png: Uint8Array): Promise<string | null>
}

export interface RunLimits extends GuardLimits {
  readonly charactersMax: number
  readonly pagesMax: number
}

export interface RunResult<S = ExtractSummary> {
  readonly summary?: S
  readonly error?: unknown
  readonly isReusable: boolean
}

/** Never throws: what went wrong is in the result, with whether the process may read another document. */
export async function readDocument(
  process: ExtractorProcess,
  request: RunRequest,
  limits: RunLimits,
): Promise<RunResult> {
  const guard = new Guard(process, limits)
  try {
    limits.signal.throwIfAborted()
    const summary = await converse(process, request, limits, guard)
    return { summary, isReusable: guard.reason === undefined }
  } catch (error) {
    if (error instanceof BrokenReader) {
      guard.kill('broken')
      return { error: await guard.explain(process.exited), isReusable: false }
    }
    const isClean = error instanceof ExtractError && cleanFailures.has(error.code)
    return { error, isReusable: isClean && guard.reason === undefined && !process.hasExited }
  } finally {
    guard.stop()
  }
}

async function converse(
  process: ExtractorProcess,
  { fd, mediaType, filename, onBatch, ocr }: RunRequest,
  limits: RunLimits,
  guard: Guard,
): Promise<ExtractSummary> {
  const { charactersMax, pagesMax } = limits
  const size = await sizeOf(fd)
  const check = new OutputCheck(limits)
  const hasOcr = ocr !== undefined
  process.begin({ mediaType, filename, size, charactersMax, pagesMax, hasOcr })
  for (;;) {
    const message = await guard.wait(process.next(childMessage))
    switch (message?.type) {
      case undefined:
        throw await guard.explain(process.exited)
      case 'ready':
        break
      case 'read':
        process.sendBytes(await readBytes(fd, size, message))
        break
      case 'batch':
        check.batch(message.batch)
        guard.progress()
        await onBatch(message.batch)
        break
      case 'done':
        check.summary(message.summary)
        return message.summary
      case 'ocr':
        // Drawing a page is long work; each has its own processor time.
        guard.restartCpu()
        process.sendJson({ text: await recognise(ocr, message) })
        break
      case 'thumbnail':
        throw new BrokenReader('The reader sent a picture that nobody asked for.')
      case 'failed':
        throw new ExtractError(message.failure.code, message.failure.detail)
    }
  }
}

/** A page is asked about twice: whether it was recognised already, and, if not, with its picture. */
async function recognise(
  ocr: PageOcr | undefined,
  { page, png }: Extract<ChildMessage, { type: 'ocr' }>,
): Promise<string | null> {
  if (!ocr) throw new BrokenReader('The reader wants a page recognised that nobody asked for.')
  if (png === null) return await ocr.known(page)
  return await ocr.recognise(page, Buffer.from(png, 'base64'))
}

export async function sizeOf(fd: number): Promise<number> {
  return (await statFile(fd)).size
}

/** @throws BrokenReader for bytes that the document does not have */
export async function readBytes(
  fd: number,
  size: number,
  { position, length }: Extract<ChildMessage, { type: 'read' }>,
): Promise<Uint8Array> {
  const wanted = Math.min(length, size - position)
  if (wanted <= 0) throw new BrokenReader('The reader asked for bytes behind the end.')
  const bytes = Buffer.allocUnsafe(wanted)
  const { bytesRead } = await readFileAt(fd, bytes, 0, wanted, position)
  return bytes.subarray(0, bytesRead)
}
