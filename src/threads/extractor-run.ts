/** One document through one reader process: serves it bytes, takes its batches, and ends it when it goes over a limit. */
import { fstat, read } from 'node:fs'
import { promisify } from 'node:util'
import {
  type ExtractBatch,
  ExtractError,
  type ExtractFailureCode,
  type ExtractSummary,
} from '../ingest/contract.ts'
import { outOfMemory } from '../ingest/limits.ts'
import { type ChildMessage, childMessage } from './extractor-messages.ts'
import { BrokenReader, OutputCheck } from './extractor-output.ts'
import type { Ending, ExtractorProcess } from './extractor-process.ts'
import { type Usage, usageIntervalMs } from './extractor-usage.ts'

const statFile = promisify(fstat)
const readFileAt = promisify(read)

/** Failures after which a process is as good as new: it read the document to where it ends, and said so. */
const cleanFailures: ReadonlySet<ExtractFailureCode> = new Set(['no_text', 'password_required'])

/** Why a process was ended before it had finished by itself. */
export type KillReason = 'memory' | 'cpu' | 'silence' | 'broken' | 'aborted'

export interface RunRequest {
  readonly fd: number
  readonly mediaType: string
  readonly filename: string
  readonly onBatch: (batch: ExtractBatch) => Promise<void>
}

export interface RunLimits {
  readonly memoryBytesMax: number
  readonly cpuMsMax: number
  readonly silenceMsMax: number
  readonly charactersMax: number
  readonly pagesMax: number
  readonly signal: AbortSignal
  readonly onKill?: (reason: KillReason) => void
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
  { fd, mediaType, filename, onBatch }: RunRequest,
  limits: RunLimits,
  guard: Guard,
): Promise<ExtractSummary> {
  const { charactersMax, pagesMax } = limits
  const size = await sizeOf(fd)
  const check = new OutputCheck(limits)
  process.begin({ mediaType, filename, size, charactersMax, pagesMax })
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
      case 'failed':
        throw new ExtractError(message.failure.code, message.failure.detail)
    }
  }
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

/** Watches a process while it reads one document. */
export class Guard {
  reason: KillReason | undefined
  readonly #process: ExtractorProcess
  readonly #limits: RunLimits
  readonly #timer: NodeJS.Timeout
  readonly #onAbort = () => this.kill('aborted')
  #cpuMsBefore: number | undefined
  #isWaiting = false
  #isOver = false
  /** Silence counts only while we wait for the process, never while it waits for us. */
  #silentMs = 0
  #checkedAt = performance.now()

  constructor(process: ExtractorProcess, limits: RunLimits) {
    this.#process = process
    this.#limits = limits
    limits.signal.addEventListener('abort', this.#onAbort)
    this.#timer = setInterval(() => this.#check(), usageIntervalMs)
  }

  /** The process's next word; the clock of silence runs meanwhile. */
  async wait<T>(next: Promise<T>): Promise<T> {
    this.#isWaiting = true
    try {
      return await next
    } finally {
      this.#isWaiting = false
    }
  }

  progress(): void {
    this.#silentMs = 0
  }

  kill(reason: KillReason): void {
    if (this.reason !== undefined || this.#isOver) return
    this.reason = reason
    this.#process.kill()
    this.#limits.onKill?.(reason)
  }

  stop(): void {
    this.#isOver = true
    clearInterval(this.#timer)
    this.#limits.signal.removeEventListener('abort', this.#onAbort)
  }

  /** What a person is told about a process that ended in the middle of their document. */
  async explain(exited: Promise<Ending>): Promise<unknown> {
    const ending = await exited
    switch (this.reason) {
      case 'aborted':
        return this.#limits.signal.reason
      case 'memory':
        return outOfMemory()
      case 'cpu':
      case 'silence':
        return outOfTime()
      case 'broken':
      case undefined:
        if (ending.ranOutOfHeap) return outOfMemory()
        return ending.signal === 'SIGXCPU' ? outOfTime() : crashed()
    }
  }

  async #check(): Promise<void> {
    const now = performance.now()
    if (this.#isWaiting) this.#silentMs += now - this.#checkedAt
    this.#checkedAt = now
    if (this.#silentMs > this.#limits.silenceMsMax) this.kill('silence')
    const usage = await this.#process.usage()
    if (usage) this.#weigh(usage)
  }

  #weigh({ bytes, cpuMs }: Usage): void {
    this.#cpuMsBefore ??= cpuMs
    if (bytes > this.#limits.memoryBytesMax) this.kill('memory')
    if (cpuMs - this.#cpuMsBefore > this.#limits.cpuMsMax) this.kill('cpu')
  }
}

function crashed(): ExtractError {
  return new ExtractError(
    'reader_crashed',
    'The program that reads documents stopped in the middle of this one. Open the file in another program, save or export it again, and upload that copy.',
  )
}

function outOfTime(): ExtractError {
  return new ExtractError(
    'out_of_time',
    'Reading the document took longer than allowed. Split it, or save it again in a simpler form, and upload that.',
  )
}
