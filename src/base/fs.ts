/** Files that survive a power cut: data, then name, then directory, each synced before anyone is told. */
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Syncs a directory's entries, so that a created or renamed name is there after a power cut. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, constants.O_RDONLY)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Makes a directory for this user alone and syncs its parent. An existing one is left as it is. */
export function makeDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  syncDirectory(dirname(path))
}

/** Renames within one file system and syncs the target's directory; the file's own data must be synced already. */
export function renameDurably(from: string, to: string): void {
  renameSync(from, to)
  syncDirectory(dirname(to))
}

/** As `syncDirectory`, for the main thread, which waits for no disk. */
export async function syncDirectoryLater(path: string): Promise<void> {
  await using directory = await open(path, constants.O_RDONLY)
  await directory.sync()
}

/** Writes a small file for this user alone: whenever the power goes, all of it is there, or what was there before. */
export function writeFileDurably(path: string, text: string): void {
  const building = `${path}.new`
  removeFile(building)
  const fd = openSync(building, 'wx', 0o600)
  try {
    writeFileSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameDurably(building, path)
}

/** Removes a file that may not be there. */
export function removeFile(path: string): void {
  rmSync(path, { force: true })
}

/** Removes a file so that a power cut does not bring it back. */
export function removeDurably(path: string): void {
  removeFile(path)
  syncDirectory(dirname(path))
}

/** Bytes that may still be written on the file system of this path. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}
