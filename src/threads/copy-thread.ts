/** Jobs on copies of tenants, each in a thread of its own with its own connections; one at a time, so that disks can follow. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Problem } from '../base/problem.ts'
import type { Manifest } from '../tenancy/manifest.ts'
import type { RestoreJob } from '../tenancy/restore.ts'
import type { SnapshotJob } from '../tenancy/snapshot.ts'
import type { CopyJob, FromCopy } from './copy-jobs.ts'

/** Waiting; more than that is somebody's mistake. */
const waitingMax = 10_000

export class CopyThread {
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #isClosed = false

  /** @throws Problem what the job throws; `overloaded`, `shutting_down` */
  snapshot(job: SnapshotJob, onProgress?: (done: number) => void): Promise<Manifest> {
    return this.#run({ kind: 'snapshot', ...job }, onProgress) as Promise<Manifest>
  }

  verify(directory: string): Promise<Manifest> {
    return this.#run({ kind: 'verify', directory }) as Promise<Manifest>
  }

  async restore(job: RestoreJob): Promise<void> {
    await this.#run({ kind: 'restore', ...job })
  }

  /** Lets the job under way end; what waits is refused. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#turn.catch(() => undefined)
  }

  async #run(job: CopyJob, onProgress?: (done: number) => void): Promise<unknown> {
    if (this.#waiting >= waitingMax)
      throw new Problem('overloaded', 'Too many copies wait already.', { retryAfterS: 60 })
    this.#waiting++
    const turn = this.#turn.catch(() => undefined).then(() => this.#start(job, onProgress))
    this.#turn = turn
    try {
      return await turn
    } finally {
      this.#waiting--
    }
  }

  async #start(job: CopyJob, onProgress?: (done: number) => void): Promise<unknown> {
    if (this.#isClosed) throw new Problem('shutting_down', 'The server is stopping.')
    const worker = new Worker(new URL('./copy-worker.ts', import.meta.url), { workerData: job })
    let end: FromCopy | undefined
    worker.on('message', (message: FromCopy) => {
      if (message.kind === 'progress') onProgress?.(message.done)
      else end = message
    })
    await once(worker, 'exit')
    if (end?.kind === 'done') return end.result
    if (end?.kind === 'problem') throw Problem.fromData(end.problem)
    throw new Error('the thread that copies ended without a word')
  }
}
