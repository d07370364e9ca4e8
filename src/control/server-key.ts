/** The keys that a server makes for itself, once each: kept in `.carrel/`, readable by its user alone. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { makeDirectory, writeFileDurably } from '../base/fs.ts'
import { serverDirectory, serverKeyPath, sessionKeyPath } from '../tenancy/layout.ts'

const keyBytes = 32

/** What signs tokens where none was given. @returns the key, and whether it was made just now (the moment to show it) */
export function serverKey(dataDir: string): { secret: string; isNew: boolean } {
  const path = serverKeyPath(dataDir)
  const kept = readKey(path)
  return kept === undefined
    ? { secret: makeKey(dataDir, path), isNew: true }
    : { secret: kept, isNew: false }
}

/** The same without making one. */
export function keptServerKey(dataDir: string): string | undefined {
  return readKey(serverKeyPath(dataDir))
}

/** What signs the sessions of the web app. One of its own: whoever may sign tokens need not be able to sign these. */
export function sessionKey(dataDir: string): string {
  const path = sessionKeyPath(dataDir)
  return readKey(path) ?? makeKey(dataDir, path)
}

function readKey(path: string): string | undefined {
  try {
    // One that a power cut left empty never signed anything.
    return readFileSync(path, 'utf8') || undefined
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

function makeKey(dataDir: string, path: string): string {
  makeDirectory(dataDir)
  makeDirectory(serverDirectory(dataDir))
  const secret = randomBytes(keyBytes).toString('base64url')
  writeFileDurably(path, secret)
  return secret
}
