/** Watches a reader process while it works on one document, and ends it when it goes over a limit. */
import { ExtractError } from '../ingest/contract.ts'
import { outOfMemory } from '../ingest/limits.ts'
import type { Ending, ExtractorProcess } from './extractor-process.ts'
import { type Usage, usageIntervalMs } from './extractor-usage.ts'

/** Why a process was ended before it had finished by itself. */
export type KillReason = 'memory' | 'cpu' | 'silence' | 'broken' | 'aborted'

export interface GuardLimits {
  readonly memoryBytesMax: number
  readonly cpuMsMax: number
  readonly silenceMsMax: number
  readonly signal: AbortSignal
  readonly onKill?: (reason: KillReason) => void
}

/** Watches a process while it reads one document. */
export class Guard {
  reason: KillReason | undefined
  readonly #process: ExtractorProcess
  readonly #limits: GuardLimits
  readonly #timer: NodeJS.Timeout
  readonly #onAbort = () => this.kill('aborted')
  #cpuMsBefore: number | undefined
  #isWaiting = false
  #isOver = false
  /** Silence counts only while we wait for the process, never while it waits for us. */
  #silentMs = 0
  #checkedAt = performance.now()

  constructor(process: ExtractorProcess, limits: GuardLimits) {
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

  /** The limit of processor time begins anew: what follows is work of its own. */
  restartCpu(): void {
    this.progress()
    this.#cpuMsBefore = undefined
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
