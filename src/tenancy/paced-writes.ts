/** Large writes that leave the disk to others: synced in steps, with a pause as long as each took. Only in threads that may wait. */
import { fdatasyncSync } from 'node:fs'

/** What is synced at once: a note or an upload that waits for the same disk waits for no more. */
export const stepBytes = 2 ** 20
/** A disk that is slow for another reason is not waited for longer. */
const pauseMsMax = 100

const never = new Int32Array(new SharedArrayBuffer(4))

export class PacedWrites {
  readonly #fd: number
  #unsyncedBytes = 0

  /** @param fd open for writing, the caller's to close */
  constructor(fd: number) {
    this.#fd = fd
  }

  /** Told after each write of at most a step. */
  wrote(bytes: number): void {
    this.#unsyncedBytes += bytes
    if (this.#unsyncedBytes < stepBytes) return
    this.#unsyncedBytes = 0
    const startMs = performance.now()
    fdatasyncSync(this.#fd)
    Atomics.wait(never, 0, 0, Math.min(pauseMsMax, performance.now() - startMs))
  }
}
