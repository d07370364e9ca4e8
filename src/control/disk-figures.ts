/** What all libraries take up on the disk, and how old their last copies are: a few at a time, now and then. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Control } from './control.ts'
import type { DiskSizes, LibrariesOnDisk } from './disk-sizes.ts'

/** From the beginning of one look at everything to the beginning of the next. */
const everyMs = 10 * 60_000
/** So many libraries at a time, or as many more as half of the time between two looks asks for: nobody should notice. */
const atOnceMin = 4
const pauseMs = 50
const lookMs = everyMs / 2

export interface DiskFiguresOptions {
  readonly dataDir: string
  readonly snapshotsDir: string
  readonly control: Pick<Control, 'tenants'>
  /** Asked of somebody who may wait for a disk. */
  readonly sizes: (libraries: LibrariesOnDisk) => Promise<DiskSizes>
}

interface Look {
  appBytes: number
  vecsBytes: number
  /** When the library that waits longest was copied; or made, where it never was. */
  uncopiedSinceMs: number
}

export class DiskFigures {
  readonly #options: DiskFiguresOptions
  readonly #closing = new AbortController()
  #looking: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #last: Look = { appBytes: 0, vecsBytes: 0, uncopiedSinceMs: Number.POSITIVE_INFINITY }

  constructor(options: DiskFiguresOptions) {
    this.#options = options
  }

  /** Of the last look that was completed. */
  get appBytes(): number {
    return this.#last.appBytes
  }

  get vecsBytes(): number {
    return this.#last.vecsBytes
  }

  /** Of the library whose last snapshot is the oldest, among those that were written to since; 0 where there is none. */
  get snapshotAgeS(): number {
    return Math.max(0, Math.round((Date.now() - this.#last.uncopiedSinceMs) / 1000))
  }

  start(): void {
    void this.look()
    this.#timer = setInterval(() => void this.look(), everyMs)
    this.#timer.unref()
  }

  /** Looks at every library once; one look at a time. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#closing.abort()
    await this.#looking
  }

  async #look(): Promise<void> {
    const { control, sizes, ...places } = this.#options
    const sum: Look = { appBytes: 0, vecsBytes: 0, uncopiedSinceMs: Number.POSITIVE_INFINITY }
    const tenants = [...control.tenants()]
    const atOnce = Math.max(atOnceMin, Math.ceil((tenants.length * pauseMs) / lookMs))
    for (let at = 0; at < tenants.length; ) {
      const some = tenants.slice(at, at + atOnce)
      const found = await sizes({
        ...places,
        tenants: some.map(({ id, createdAt }) => ({ id, createdAt })),
      }).catch(() => undefined)
      if (this.#closing.signal.aborted) return
      // Records that are busy: the same ones after the pause.
      if (found) {
        add(sum, found)
        at += found.looked
      }
      if (at < tenants.length) await this.#pause()
      if (this.#closing.signal.aborted) return
    }
    this.#last = sum
  }

  async #pause(): Promise<void> {
    const { signal } = this.#closing
    await sleep(pauseMs, undefined, { ref: false, signal }).catch(() => undefined)
  }
}

function add(sum: Look, { appBytes, vecsBytes, uncopiedSinceMs }: DiskSizes): void {
  sum.appBytes += appBytes
  sum.vecsBytes += vecsBytes
  sum.uncopiedSinceMs = Math.min(sum.uncopiedSinceMs, uncopiedSinceMs ?? Number.POSITIVE_INFINITY)
}
