/** Jobs on the files of whole libraries, in threads with connections of their own: a few at once, as most of each is waiting for a disk. */
import { Worker } from 'node:worker_threads'
import { Problem } from '../base/problem.ts'
import type { Manifest } from '../tenancy/manifest.ts'
import type { Migrated, MigrationJob } from '../tenancy/migrate-resting.ts'
import type { RestoreJob } from '../tenancy/restore.ts'
import type { SnapshotJob } from '../tenancy/snapshot.ts'
import type { CopyJob, FromCopy } from './copy-jobs.ts'

/** The journal of a disk gathers what several threads wait for; more than these gain nothing. */
const copyThreadsMax = 4
/** Waiting; more than that is somebody's mistake. */
const waitingMax = 10_000
/** A thread without a job ends after this. */
const idleMs = 10_000

interface Waiting {
  readonly job: CopyJob
  readonly onProgress: ((done: number) => void) | undefined
  readonly begin: (() => Promise<boolean>) | undefined
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

interface CopyThread {
  readonly worker: Worker
  current: Waiting | undefined
  idleTimer: NodeJS.Timeout | undefined
}

export class CopyThreads {
  readonly #threads = new Set<CopyThread>()
  #waiting: Waiting[] = []
  #isClosed = false
  #onIdle: (() => void) | undefined

  /** @throws Problem what the job throws; `overloaded`, `shutting_down` */
  snapshot(job: SnapshotJob, onProgress?: (done: number) => void): Promise<Manifest> {
    return this.#run({ kind: 'snapshot', ...job }, onProgress) as Promise<Manifest>
  }

  /**
   * Of a library that nobody has open.
   * @param begin called when a thread is there for it; false when it cannot be done after all
   * @returns undefined after that
   */
  snapshotResting(job: SnapshotJob, begin: () => Promise<boolean>): Promise<Manifest | undefined> {
    const given = { kind: 'snapshot', ...job, isAtRest: true } as const
    return this.#run(given, undefined, begin) as Promise<Manifest | undefined>
  }

  verify(directory: string): Promise<Manifest> {
    return this.#run({ kind: 'verify', directory }) as Promise<Manifest>
  }

  /** Of a snapshot that was made for it and is removed afterwards. */
  async takeAway(from: string, to: string): Promise<void> {
    await this.#run({ kind: 'take-away', from, to })
  }

  async restore(job: RestoreJob): Promise<void> {
    await this.#run({ kind: 'restore', ...job })
  }

  /** Of a library that nobody has open, as are `migrate` and `hash`. @returns whether there was something to copy */
  copyBefore(job: SnapshotJob, hasBegun: boolean): Promise<boolean> {
    return this.#run({ kind: 'copy-before', hasBegun, ...job }) as Promise<boolean>
  }

  migrate(job: MigrationJob): Promise<Migrated> {
    return this.#run({ kind: 'migrate', ...job }) as Promise<Migrated>
  }

  /** @returns SHA-256, lower-case hex */
  hash(path: string): Promise<string> {
    return this.#run({ kind: 'hash', path }) as Promise<string>
  }

  /** Lets the jobs under way end; what waits is refused. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const { reject } of this.#waiting.splice(0)) reject(stopping())
    if ([...this.#threads].some(({ current }) => current))
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve
      })
    await Promise.all([...this.#threads].map((thread) => this.#end(thread)))
  }

  #run(
    job: CopyJob,
    onProgress?: (done: number) => void,
    begin?: () => Promise<boolean>,
  ): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(stopping())
    if (this.#waiting.length >= waitingMax)
      return Promise.reject(
        new Problem('overloaded', 'Too many copies wait already.', { retryAfterS: 60 }),
      )
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, onProgress, begin, resolve, reject })
      this.#next()
    })
  }

  #next(): void {
    if (this.#waiting.length === 0) return
    const idle = [...this.#threads].find(({ current }) => !current)
    if (!idle && this.#threads.size >= copyThreadsMax) return
    const thread = idle ?? this.#start()
    const waiting = this.#waiting.shift()
    if (!waiting) return
    clearTimeout(thread.idleTimer)
    thread.current = waiting
    thread.worker.ref()
    void this.#give(thread, waiting)
  }

  async #give(thread: CopyThread, { job, begin, resolve, reject }: Waiting): Promise<void> {
    try {
      if (!begin || (await begin())) {
        thread.worker.postMessage(job satisfies CopyJob)
        return
      }
      resolve(undefined)
    } catch (error) {
      reject(error)
    }
    this.#free(thread)
  }

  #start(): CopyThread {
    const worker = new Worker(new URL('./copy-worker.ts', import.meta.url))
    const thread: CopyThread = { worker, current: undefined, idleTimer: undefined }
    this.#threads.add(thread)
    worker.on('message', (message: FromCopy) => {
      if (message.kind === 'progress') thread.current?.onProgress?.(message.done)
      else this.#ended(thread, message)
    })
    // What is no problem of a library's ends the thread, and the next job gets a new one.
    worker.on('error', (error) => this.#died(thread, error))
    worker.on('exit', () => this.#died(thread, new Error('the thread that copies ended')))
    return thread
  }

  #ended(thread: CopyThread, message: Exclude<FromCopy, { kind: 'progress' }>): void {
    if (message.kind === 'done') thread.current?.resolve(message.result)
    else thread.current?.reject(Problem.fromData(message.problem))
    this.#free(thread)
  }

  #free(thread: CopyThread): void {
    thread.current = undefined
    thread.worker.unref()
    thread.idleTimer = setTimeout(() => void this.#end(thread), idleMs).unref()
    this.#goOn()
  }

  #died(thread: CopyThread, error: unknown): void {
    if (!this.#threads.delete(thread)) return
    clearTimeout(thread.idleTimer)
    thread.current?.reject(error)
    this.#goOn()
  }

  #goOn(): void {
    this.#next()
    if (![...this.#threads].some(({ current }) => current)) this.#onIdle?.()
  }

  async #end(thread: CopyThread): Promise<void> {
    this.#threads.delete(thread)
    clearTimeout(thread.idleTimer)
    await thread.worker.terminate()
  }
}

function stopping(): Problem {
  return new Problem('shutting_down', 'The server is stopping.')
}
