/** The thread of the users: what they send must not wait for what is measured. */
import { Worker } from 'node:worker_threads'
import type { Load, LoadData, LoadOrder } from './load-thread.ts'

export class Crowd {
  readonly #worker: Worker

  constructor(data: LoadData) {
    const url = new URL('./load-thread.ts', import.meta.url)
    this.#worker = new Worker(url, { workerData: data })
  }

  async run(order: LoadOrder): Promise<Load> {
    const { promise, resolve, reject } = Promise.withResolvers<Load>()
    this.#worker.once('message', resolve).once('error', reject)
    this.#worker.postMessage(order)
    const load = await promise
    this.#worker.removeListener('error', reject)
    return load
  }

  async runOnce(order: LoadOrder): Promise<Load> {
    try {
      return await this.run(order)
    } finally {
      await this.end()
    }
  }

  async end(): Promise<void> {
    await this.#worker.terminate()
  }
}
