/** How much room snapshots take together, and which go first when it is too much. */
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseTenantId, type TenantId } from '../tenancy/tenant-id.ts'
import { parseSnapshotName } from './snapshot-name.ts'

/** A snapshot as it lies on the disk. */
export interface KeptSnapshot {
  readonly tenant: TenantId
  readonly name: string
  readonly madeAtMs: number
  /** Of files that are its alone. */
  readonly bytes: number
  /** Files with other names too: of other snapshots, or of the library itself. */
  readonly shared: readonly SharedFile[]
}

export interface SharedFile {
  /** The same for every name of it. */
  readonly key: string
  readonly bytes: number
  /** How many it has, here and elsewhere. */
  readonly names: number
}

/** Every complete snapshot, the oldest first. What goes while it is looked at is left out. */
export async function readSnapshots(snapshotsDir: string): Promise<KeptSnapshot[]> {
  const found: KeptSnapshot[] = []
  for (const directory of await namesIn(snapshotsDir)) {
    const tenant = parseTenantId(directory)
    if (!tenant) continue
    for (const name of await namesIn(join(snapshotsDir, directory))) {
      const madeAtMs = parseSnapshotName(name)
      if (madeAtMs === undefined) continue
      const files = await filesOf(join(snapshotsDir, directory, name))
      const own = files.filter(({ names }) => names === 1)
      const bytes = own.reduce((sum, file) => sum + file.bytes, 0)
      found.push({ tenant, name, madeAtMs, bytes, shared: files.filter(({ names }) => names > 1) })
    }
  }
  return found.toSorted((a, b) => a.madeAtMs - b.madeAtMs)
}

/**
 * Which are to go so that the others take no more than `bytesMax`, the oldest first; never the newest of a tenant. An original
 * that the library has too takes no room; one that several snapshots share takes it once, until the last of them goes.
 * @param all as `readSnapshots` gives them
 * @param isKept whether one may not go for another reason
 */
export function overflowing(
  all: readonly KeptSnapshot[],
  bytesMax: number,
  isKept: (snapshot: KeptSnapshot) => boolean,
): KeptSnapshot[] {
  const newest = new Map(all.map((snapshot) => [snapshot.tenant, snapshot]))
  const shared = new SharedFiles(all)
  let bytes = all.reduce((sum, snapshot) => sum + snapshot.bytes, shared.bytes)
  const going: KeptSnapshot[] = []
  for (const snapshot of all) {
    if (bytes <= bytesMax) break
    if (newest.get(snapshot.tenant) === snapshot || isKept(snapshot)) continue
    going.push(snapshot)
    bytes -= snapshot.bytes + shared.drop(snapshot)
  }
  return going
}

/** What the files with several names take, as snapshots go. */
class SharedFiles {
  /** Names in snapshots that stay. */
  readonly #left = new Map<string, number>()
  readonly #inLibrary = new Set<string>()
  /** Of those that no library has. */
  readonly bytes: number

  constructor(all: readonly KeptSnapshot[]) {
    const files = all.flatMap(({ shared }) => shared)
    for (const { key } of files) this.#left.set(key, (this.#left.get(key) ?? 0) + 1)
    for (const { key, names } of files) if (this.#left.get(key) !== names) this.#inLibrary.add(key)
    const once = new Map(files.map((file) => [file.key, file]))
    this.bytes = [...once.values()].reduce((sum, file) => sum + this.#bytesOf(file), 0)
  }

  /** @returns bytes that are free then */
  drop({ shared }: KeptSnapshot): number {
    let free = 0
    for (const file of shared) {
      const left = (this.#left.get(file.key) ?? 1) - 1
      this.#left.set(file.key, left)
      if (left === 0) free += this.#bytesOf(file)
    }
    return free
  }

  #bytesOf({ key, bytes }: SharedFile): number {
    return this.#inLibrary.has(key) ? 0 : bytes
  }
}

async function filesOf(directory: string): Promise<SharedFile[]> {
  const paths = await readdir(directory, { recursive: true }).catch(() => [])
  const files: SharedFile[] = []
  for (const path of paths) {
    const stats = await lstat(join(directory, path)).catch(() => undefined)
    if (!stats?.isFile()) continue
    const { dev, ino, nlink: names, size: bytes } = stats
    files.push({ key: `${dev}:${ino}`, bytes, names })
  }
  return files
}

async function namesIn(path: string): Promise<string[]> {
  return readdir(path).catch(() => [])
}
