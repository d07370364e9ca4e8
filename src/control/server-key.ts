/** The key that a server makes for itself, once, when it was given none: kept in `.carrel/`, readable by its user alone. */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { makeDirectory, syncDirectory } from '../base/fs.ts'
import { serverDirectory, serverKeyPath } from '../tenancy/layout.ts'

const keyBytes = 32

/** @returns the key, and whether it was made just now (the moment to show it) */
export function serverKey(dataDir: string): { secret: string; isNew: boolean } {
  const path = serverKeyPath(dataDir)
  try {
    return { secret: readFileSync(path, 'utf8'), isNew: false }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  makeDirectory(dataDir)
  makeDirectory(serverDirectory(dataDir))
  const secret = randomBytes(keyBytes).toString('base64url')
  const fd = openSync(path, 'wx', 0o600)
  writeSync(fd, secret)
  fsyncSync(fd)
  closeSync(fd)
  syncDirectory(serverDirectory(dataDir))
  return { secret, isNew: true }
}
