/** A bound on how many may be inside at once, of all or of each tenant; the rest waits in line. */
import type { TenantId } from '../tenancy/tenant-id.ts'

export class Semaphore {
  readonly #max: number
  readonly #waiting: (() => void)[] = []
  #inside = 0

  constructor(max: number) {
    this.#max = max
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Runs `work` when there is room. @throws the signal's reason when it aborts before that */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal)
    try {
      return await work()
    } finally {
      this.#leave()
    }
  }

  #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#inside < this.#max) {
      this.#inside++
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1)
        reject(signal.reason)
      }
      const enter = (): void => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(enter)
    })
  }

  /** The place is handed on rather than freed, so that nobody slips in before who waited longest. */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#inside--
  }
}

/** A bound of each tenant's own, and nothing kept of those who have nobody inside. */
export class TenantSemaphores {
  readonly #max: number
  readonly #used = new Map<TenantId, { readonly semaphore: Semaphore; users: number }>()

  constructor(max: number) {
    this.#max = max
  }

  /** Runs `work` when the tenant has room. @throws the signal's reason when it aborts before that */
  async run<T>(tenant: TenantId, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const used = this.#used.get(tenant) ?? { semaphore: new Semaphore(this.#max), users: 0 }
    this.#used.set(tenant, used)
    used.users++
    try {
      return await used.semaphore.run(signal, work)
    } finally {
      if (--used.users === 0) this.#used.delete(tenant)
    }
  }
}
