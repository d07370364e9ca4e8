/** Building libraries from archives, seen from the server: each in a process of its own, which a thread starts, one at a time. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Problem } from '../base/problem.ts'
import type { ImportJob, ImportResult } from './import-build.ts'
import type { FromImport } from './import-builder.ts'

const waitingMax = 16

export class ImportProcess {
  readonly #closing = new AbortController()
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0

  /** @throws Problem what `buildImport` throws; `overloaded`, `shutting_down` */
  async build(job: ImportJob, onProgress: (done: number) => void): Promise<ImportResult> {
    if (this.#waiting >= waitingMax)
      throw new Problem('overloaded', 'Too many imports wait already.', { retryAfterS: 60 })
    this.#waiting++
    const turn = this.#turn.catch(() => undefined).then(() => this.#run(job, onProgress))
    this.#turn = turn
    try {
      return await turn
    } finally {
      this.#waiting--
    }
  }

  /** Ends what is under way; the next start removes what it left. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#turn.catch(() => undefined)
  }

  async #run(job: ImportJob, onProgress: (done: number) => void): Promise<ImportResult> {
    const { signal } = this.#closing
    if (signal.aborted) throw new Problem('shutting_down', 'The server is stopping.')
    const worker = new Worker(new URL('./import-worker.ts', import.meta.url), { workerData: job })
    const kill = (): void => void worker.terminate()
    signal.addEventListener('abort', kill)
    let end: FromImport | undefined
    worker.on('message', (message: FromImport) => {
      if (message.kind === 'progress') onProgress(message.done)
      else end = message
    })
    try {
      await once(worker, 'exit')
    } finally {
      signal.removeEventListener('abort', kill)
    }
    if (end?.kind === 'done') return end.result
    if (end?.kind === 'problem') throw Problem.fromData(end.problem)
    if (signal.aborted) throw new Problem('shutting_down', 'The server is stopping.')
    throw new Error(`the process of an import failed: ${end?.kind === 'fault' ? end.stack : ''}`)
  }
}
