/** Room on the disk: a floor under which nothing new is taken in, and a file that an operator can delete when it is full all the same. */
import { randomFillSync } from 'node:crypto'
import { statfsSync } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { freeBytes, syncDirectoryLater } from '../base/fs.ts'
import { Problem } from '../base/problem.ts'
import { ballastPath, serverDirectory } from '../tenancy/layout.ts'

/** Kept free: of what is left, deleting, changing and the server's own records live. */
const floorBytesMax = 256 * 2 ** 20
const floorShare = 1 / 8
const ballastBytesMax = 16 * 2 ** 20
const ballastShare = 1 / 16
const chunkBytes = 256 * 1024
/** After the start, so that nobody waits for it; and again now and then, once there is room. */
const firstMs = 2_000
const everyMs = 60_000

/** Under so many free bytes nothing new is taken in: 256 MiB, or an eighth of a small disk. */
export function floorBytes(dataDir: string): number {
  return Math.min(floorBytesMax, totalBytes(dataDir) * floorShare)
}

/** @throws Problem `disk_full` when so many bytes would leave less than the floor */
export function checkRoom(dataDir: string, bytes: number): void {
  if (freeBytes(dataDir) - bytes >= floorBytes(dataDir)) return
  throw new Problem(
    'disk_full',
    'The disk of the server is nearly full, so nothing new is taken in; what is there can be read, changed and deleted. Tell the operator.',
  )
}

/** Keeps `.carrel/ballast` there as long as there is room for it. @returns ends that */
export function keepBallast(
  dataDir: string,
  onFault: (error: unknown) => void,
): () => Promise<void> {
  const stop = new AbortController()
  let making = Promise.resolve()
  const make = (): void => {
    making = makeBallast(dataDir, stop.signal).catch(onFault)
  }
  const first = setTimeout(make, firstMs).unref()
  const again = setInterval(make, everyMs).unref()
  return async () => {
    stop.abort()
    clearTimeout(first)
    clearInterval(again)
    await making
  }
}

/** Bytes that no file system can leave out or squeeze. */
async function makeBallast(dataDir: string, signal: AbortSignal): Promise<void> {
  const path = ballastPath(dataDir)
  const bytes = Math.floor(Math.min(ballastBytesMax, totalBytes(dataDir) * ballastShare))
  if (await stat(path).catch(() => undefined)) return
  if (freeBytes(dataDir) < floorBytes(dataDir) + 2 * bytes) return
  const building = `${path}.new`
  try {
    await using file = await open(building, 'w', 0o600)
    const chunk = Buffer.allocUnsafe(chunkBytes)
    for (let left = bytes; left > 0 && !signal.aborted; left -= chunkBytes)
      await file.write(randomFillSync(chunk), 0, Math.min(left, chunkBytes))
    await file.sync()
  } catch (error) {
    await rm(building, { force: true })
    throw error
  }
  if (signal.aborted) await rm(building, { force: true })
  else {
    await rename(building, path)
    await syncDirectoryLater(serverDirectory(dataDir))
  }
}

function totalBytes(dataDir: string): number {
  const { blocks, bsize } = statfsSync(dataDir)
  return blocks * bsize
}
