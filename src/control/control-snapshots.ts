/** Copies of control.db by the clock, beside those of libraries: its loss must not lose tiers, keys and revocations. */
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectoryLater } from '../base/fs.ts'
import { buildingDirectory, controlSnapshots } from '../tenancy/layout.ts'
import { type RetentionPolicy, retained } from '../tenancy/retention.ts'
import type { Control } from './control.ts'
import { parseSnapshotName, snapshotName } from './snapshot-name.ts'

const suffix = '.db'

export interface ControlSnapshotsOptions {
  readonly control: Pick<Control, 'copyTo'>
  readonly snapshotsDir: string
  readonly policy: RetentionPolicy
  /** One is made when the last is this old. */
  readonly everyMs: number
  readonly nowMs?: () => number
}

export class ControlSnapshots {
  readonly #options: ControlSnapshotsOptions

  constructor(options: ControlSnapshotsOptions) {
    this.#options = options
  }

  /**
   * Makes one when it is time, and removes what the policy does not keep.
   * @returns its path, or undefined when it was not time
   * @throws Problem `disk_full`, `disk_failed`; Error of the file system
   */
  async look(): Promise<string | undefined> {
    const { control, snapshotsDir, everyMs, nowMs = Date.now } = this.#options
    const directory = controlSnapshots(snapshotsDir)
    const now = nowMs()
    const last = (await this.#times()).at(-1) ?? 0
    if (now - last < everyMs) return undefined
    const name = `${snapshotName(now)}${suffix}`
    const building = join(buildingDirectory(snapshotsDir), `control.${name}`)
    await mkdir(buildingDirectory(snapshotsDir), { recursive: true, mode: 0o700 })
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await rm(building, { force: true })
    await control.copyTo(building)
    const path = join(directory, name)
    await rename(building, path)
    await syncDirectoryLater(directory)
    await this.#thin()
    return path
  }

  async #thin(): Promise<void> {
    const times = await this.#times()
    const kept = retained(times, this.#options.policy)
    const directory = controlSnapshots(this.#options.snapshotsDir)
    for (const time of times)
      if (!kept.has(time)) await rm(join(directory, `${snapshotName(time)}${suffix}`))
  }

  /** Of those that are there, ascending. */
  async #times(): Promise<number[]> {
    const names = await readdir(controlSnapshots(this.#options.snapshotsDir)).catch(() => [])
    return names
      .flatMap((name) =>
        name.endsWith(suffix) ? (parseSnapshotName(name.slice(0, -suffix.length)) ?? []) : [],
      )
      .toSorted((a, b) => a - b)
  }
}
