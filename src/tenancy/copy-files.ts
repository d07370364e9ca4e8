/** Files copied so that they survive a power cut, and hashed. Never a database that this process has open. */
import { createHash, hash } from 'node:crypto'
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { syncDirectory } from '../base/fs.ts'
import { Problem } from '../base/problem.ts'
import { booksDirectory } from './layout.ts'
import { manifestName, readManifest } from './manifest.ts'
import { PacedWrites, stepBytes } from './paced-writes.ts'

/** Of a database’s header: the versions that write and read it, 2 for one with a log, 1 for one without. */
const journalAt = 18
const withoutLog = Buffer.of(1, 1)
/** Everything here is synchronous: one for all files of the thread. */
const chunk = Buffer.allocUnsafe(stepBytes)

/**
 * @param as with `without-log` a database at rest is hashed as a copy of it is, see `copyResting`
 * @returns lower-case hex and the number of bytes read
 */
export function hashFile(
  path: string,
  as: 'it-is' | 'without-log' = 'it-is',
): { sha256: string; bytes: number } {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  const digest = createHash('sha256')
  let bytes = 0
  try {
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) {
      if (as === 'without-log' && bytes === 0) withoutLog.copy(chunk, journalAt)
      digest.update(chunk.subarray(0, read))
      bytes += read
    }
  } finally {
    closeSync(fd)
  }
  return { sha256: digest.digest('hex'), bytes }
}

/** Copies to a path where nothing is, and syncs. */
export function copyDurably(from: string, to: string): void {
  const fd = copied(from, to)
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * As `copyDurably`, of a database at rest. The copy says of itself that it has no log, so that whoever reads it leaves none
 * beside it.
 */
export function copyResting(from: string, to: string): void {
  sealWithoutLog(copied(from, to))
}

/** As a database with a log was copied page by page. @param path of the copy, which nobody has open */
export function markWithoutLog(path: string): void {
  sealWithoutLog(openSync(path, 'r+'))
}

/** @param fd closed afterwards */
function sealWithoutLog(fd: number): void {
  try {
    writeSync(fd, withoutLog, 0, withoutLog.length, journalAt)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Shares the bytes where the file system can, else writes them in steps. @returns the new file, not synced to its end */
function copied(from: string, to: string): number {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
    return openSync(to, 'r+')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' || code === 'ENOENT') throw error
  }
  const fd = openSync(to, 'wx+', 0o600)
  const source = openSync(from, 'r')
  try {
    const paced = new PacedWrites(fd)
    for (let read = readSync(source, chunk); read > 0; read = readSync(source, chunk)) {
      for (let written = 0; written < read; )
        written += writeSync(fd, chunk, written, read - written)
      paced.wrote(read)
    }
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  } finally {
    closeSync(source)
  }
}

/** For files that never change: a second name where the file system allows it, else a copy. */
export function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EMLINK') throw error
    copyDurably(from, to)
  }
}

export function writeDurably(path: string, text: string): void {
  const fd = openSync(path, 'wx', 0o600)
  try {
    writeSync(fd, text)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

export function sha256Of(text: string): string {
  return hash('sha256', text, 'hex')
}

/**
 * Copies a snapshot to a path where nothing is, and compares every file that was copied with its hash.
 * @param isGivenUp whether the snapshot was made for this and goes afterwards: its databases need no second copy, while
 * originals may have names in the library itself
 * @throws Problem `tenant_damaged`
 */
export function duplicateSnapshot(from: string, to: string, isGivenUp: boolean): null {
  const { files } = readManifest(from)
  mkdirSync(to, { mode: 0o700 })
  mkdirSync(booksDirectory(to), { mode: 0o700 })
  for (const { path, sha256 } of files) {
    const isOurs = isGivenUp && !path.startsWith('books/')
    const copy = isOurs ? linkOrCopy : copyDurably
    copy(join(from, path), join(to, path))
    if (hashFile(join(to, path)).sha256 !== sha256)
      throw new Problem('tenant_damaged', `${path} was not copied well, or had changed before.`)
  }
  const last = isGivenUp ? linkOrCopy : copyDurably
  last(join(from, manifestName), join(to, manifestName))
  syncDirectory(booksDirectory(to))
  syncDirectory(to)
  return null
}
