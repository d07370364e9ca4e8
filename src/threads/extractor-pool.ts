/** Reads documents in processes of their own: a few at a time, reused while they behave, killed when they do not. */
import { Problem } from '../base/problem.ts'
import type { ExtractBatch, ExtractSummary } from '../ingest/contract.ts'
import { type ExpandRequest, expandArchive } from './archive-run.ts'
import type { KillReason } from './extractor-guard.ts'
import { ExtractorProcess } from './extractor-process.ts'
import type { PageOcr, RunLimits, RunResult } from './extractor-run.ts'
import { readWithThumbnail } from './thumbnail-run.ts'

export interface ExtractRequest {
  /** Open for reading; stays the caller's, who closes it once `extract` has settled. */
  readonly fd: number
  /** As `detectMediaType` said. */
  readonly mediaType: string
  /** What the person called it: a hint, never a path. */
  readonly filename: string
  readonly signal?: AbortSignal
  /** Takes a part of the result; the reader waits while it runs, so that nothing piles up here. */
  readonly onBatch: (batch: ExtractBatch) => Promise<void>
  /** Reads pictures of pages that have no text. */
  readonly ocr?: PageOcr | undefined
  /** Takes the document's picture (PNG), or null, before `extract` resolves; not given: none is made. */
  readonly onThumbnail?: (png: Uint8Array | null) => void
}

export interface ExtractorOptions {
  /** Processes at the same time. */
  readonly sizeMax: number
  /** Resident memory of one process. */
  readonly memoryBytesMax: number
  /** Processor time of one document. */
  readonly cpuMsMax: number
  /** Time without a sign of progress; generous, since a process of low priority may have to wait for its turn. */
  readonly silenceMsMax: number
  /** UTF-16 units of text in one document. */
  readonly charactersMax: number
  readonly pagesMax: number
  /** How long a process without work is kept; its memory goes back to the machine then. */
  readonly idleMs: number
  /** Whether processes also draw pages for text recognition, which takes processor time of its own. */
  readonly hasOcr?: boolean
  /** Told when a process had to be killed, for metrics and the log. */
  readonly onKill?: (reason: KillReason) => void
  /** The program the processes run; another one in tests. */
  readonly entry?: URL
}

export interface ExtractorStats {
  readonly processes: number
  readonly busy: number
  readonly waiting: number
}

export interface ExtractorPool {
  /**
   * Reads one document to its end. Waits its turn when all processes are busy.
   * @throws ExtractError with a code and a sentence for a person; Problem `overloaded` or `shutting_down`; the signal's
   * reason when aborted; whatever `onBatch` threw.
   */
  extract(request: ExtractRequest): Promise<ExtractSummary>
  /**
   * Takes an archive of documents apart.
   * @throws ExtractError, Problem and the signal's reason as `extract`; whatever the sink threw
   */
  expand(request: ExpandRequest): Promise<void>
  /** Starts a process ahead of the first document, so that it does not wait for one; it ends when unused, as any other. */
  warm(): void
  readonly stats: ExtractorStats
  /** Kills every process, waits until they are gone; documents being read fail with `shutting_down`. */
  close(): Promise<void>
}

/** Callers bring documents a few at a time; a longer queue means one of them forgot to wait. */
const waitingMax = 1_000
/** A process is replaced after so many documents: what leaks in a parser ends with it. */
const documentsMax = 200
/** A process that holds more than this part of its memory limit after a document is not kept. */
const keptMemoryShare = 0.5

/** The kernel's limit of a process that draws scans: thousands of pages, half a second each. */
const ocrCpuFactor = 10

/** V8 does not start with less. */
const heapMegabytesMin = 64

interface Worker {
  readonly process: ExtractorProcess
  documents: number
  idleTimer?: NodeJS.Timeout
}

type Work<S> = (process: ExtractorProcess, limits: RunLimits) => Promise<RunResult<S>>

/** Starts with no process at all; the first document starts the first. */
export function createExtractorPool(options: ExtractorOptions): ExtractorPool {
  return new Pool(options)
}

class Pool implements ExtractorPool {
  readonly #options: ExtractorOptions
  readonly #workers = new Set<Worker>()
  readonly #idle: Worker[] = []
  /** Who waits for a slot, in order of arrival; calling one hands it the caller's slot. */
  readonly #waiting: (() => void)[] = []
  readonly #closing = new AbortController()
  #busy = 0

  constructor(options: ExtractorOptions) {
    this.#options = options
  }

  get stats(): ExtractorStats {
    return { processes: this.#workers.size, busy: this.#busy, waiting: this.#waiting.length }
  }

  extract(request: ExtractRequest): Promise<ExtractSummary> {
    return this.#run(request, (process, limits) => readWithThumbnail(process, request, limits))
  }

  async expand(request: ExpandRequest): Promise<void> {
    await this.#run(request, (process, limits) => expandArchive(process, request, limits))
  }

  async #run<S>(request: { readonly signal?: AbortSignal }, work: Work<S>): Promise<S> {
    const signals = request.signal ? [request.signal, this.#closing.signal] : [this.#closing.signal]
    const signal = AbortSignal.any(signals)
    signal.throwIfAborted()
    if (this.#busy >= this.#options.sizeMax) await this.#turn(signal)
    else this.#busy++
    try {
      return await this.#work(work, signal)
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#busy--
    }
  }

  warm(): void {
    if (this.#workers.size > 0 || this.#closing.signal.aborted) return
    this.#startSpare()
  }

  async close(): Promise<void> {
    const reason = new Problem(
      'shutting_down',
      'The server is stopping; the document stays queued.',
    )
    if (!this.#closing.signal.aborted) this.#closing.abort(reason)
    await Promise.all([...this.#workers].map((worker) => this.#discard(worker)))
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const waiting = this.#waiting
    if (waiting.length >= waitingMax)
      throw new Problem(
        'overloaded',
        'Too many documents are waiting to be read: try again later.',
        {
          retryAfterS: 10,
        },
      )
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        waiting.splice(waiting.indexOf(enter), 1)
        reject(signal.reason)
      }
      waiting.push(enter)
      signal.addEventListener('abort', leave)
    })
  }

  async #work<S>(work: Work<S>, signal: AbortSignal): Promise<S> {
    const worker = this.#take()
    const limits = { ...this.#options, signal }
    const { summary, error, isReusable } = await work(worker.process, limits)
    await (isReusable ? this.#giveBack(worker) : this.#discard(worker))
    if (summary !== undefined) return summary
    throw error
  }

  #take(): Worker {
    const worker = this.#idle.pop() ?? this.#start()
    clearTimeout(worker.idleTimer)
    // The next document should not wait for a process to start either.
    if (this.#idle.length === 0 && this.#workers.size < this.#options.sizeMax) this.#startSpare()
    return worker
  }

  /** Nobody waits for it: where the machine gives none, the next document asks again. */
  #startSpare(): void {
    try {
      this.#rest(this.#start())
    } catch (error) {
      if (!(error instanceof Problem)) throw error
    }
  }

  #start(): Worker {
    const { memoryBytesMax, cpuMsMax } = this.#options
    const entry = this.#options.entry ?? new URL('./extractor-child.ts', import.meta.url)
    // Half of the memory for objects, the other half for the parser's own memory, which does not count as heap.
    const heapMegabytesMax = Math.max(heapMegabytesMin, Math.floor(memoryBytesMax / 2 / 2 ** 20))
    const worker = {
      process: new ExtractorProcess({
        entry,
        heapMegabytesMax,
        cpuMsMax: cpuMsMax * (this.#options.hasOcr ? ocrCpuFactor : 1),
      }),
      documents: 0,
    }
    this.#workers.add(worker)
    void worker.process.exited.then(() => this.#forget(worker))
    return worker
  }

  async #giveBack(worker: Worker): Promise<void> {
    const { memoryBytesMax, cpuMsMax } = this.#options
    worker.documents++
    const usage = await worker.process.usage()
    const isSpent =
      usage === undefined ||
      usage.bytes > memoryBytesMax * keptMemoryShare ||
      // The kernel's own limit counts from the start of the process and must leave room for a whole document.
      usage.cpuMs > cpuMsMax ||
      worker.documents >= documentsMax
    if (isSpent || this.#closing.signal.aborted) return await this.#discard(worker)
    this.#rest(worker)
  }

  #rest(worker: Worker): void {
    this.#idle.push(worker)
    worker.idleTimer = setTimeout(() => void this.#discard(worker), this.#options.idleMs)
  }

  #forget(worker: Worker): void {
    clearTimeout(worker.idleTimer)
    this.#workers.delete(worker)
    const at = this.#idle.indexOf(worker)
    if (at >= 0) this.#idle.splice(at, 1)
  }

  async #discard(worker: Worker): Promise<void> {
    this.#forget(worker)
    worker.process.kill()
    await worker.process.exited
  }
}
