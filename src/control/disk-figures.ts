/** What all libraries take up on the disk, and how old their last copies are: by the files' names and times, a few at a time, now and then. */
import { readdir, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { appDbPath, tenantDirectory, tenantSnapshots, vecsDbPath } from '../tenancy/layout.ts'
import type { Control } from './control.ts'
import { parseSnapshotName } from './snapshot-name.ts'
import type { TenantRecord } from './tenants.ts'

/** From the beginning of one look at everything to the beginning of the next. */
const everyMs = 10 * 60_000
/** So many libraries at a time, or as many more as half of the time between two looks asks for: nobody should notice. */
const atOnceMin = 2
const pauseMs = 20
const lookMs = everyMs / 2

export interface DiskFiguresOptions {
  readonly dataDir: string
  readonly snapshotsDir: string
  readonly control: Pick<Control, 'tenants'>
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
    const sum: Look = { appBytes: 0, vecsBytes: 0, uncopiedSinceMs: Number.POSITIVE_INFINITY }
    const tenants = [...this.#options.control.tenants()]
    const atOnce = Math.max(atOnceMin, Math.ceil((tenants.length * pauseMs) / lookMs))
    for (let at = 0; at < tenants.length; at += atOnce) {
      if (at > 0)
        await sleep(pauseMs, undefined, { ref: false, signal: this.#closing.signal }).catch(
          () => undefined,
        )
      if (this.#closing.signal.aborted) return
      await Promise.all(tenants.slice(at, at + atOnce).map((tenant) => this.#add(tenant, sum)))
    }
    this.#last = sum
  }

  async #add({ id, createdAt }: TenantRecord, sum: Look): Promise<void> {
    const { dataDir, snapshotsDir } = this.#options
    const directory = tenantDirectory(dataDir, id)
    const app = await filesOf(appDbPath(directory))
    const vecs = await filesOf(vecsDbPath(directory))
    sum.appBytes += app.bytes
    sum.vecsBytes += vecs.bytes
    const names = await readdir(tenantSnapshots(snapshotsDir, id)).catch(() => [])
    const copiedAtMs = Math.max(0, ...names.map((name) => parseSnapshotName(name) ?? 0))
    if (app.writtenAtMs <= copiedAtMs) return
    sum.uncopiedSinceMs = Math.min(sum.uncopiedSinceMs, copiedAtMs || createdAt)
  }
}

/** A database with its log. */
async function filesOf(path: string): Promise<{ bytes: number; writtenAtMs: number }> {
  const found = await Promise.all(
    [path, `${path}-wal`].map((file) => stat(file).catch(() => undefined)),
  )
  return {
    bytes: found.reduce((sum, stats) => sum + (stats?.size ?? 0), 0),
    writtenAtMs: Math.max(0, ...found.map((stats) => stats?.mtimeMs ?? 0)),
  }
}
