/** Where the server that has the data directory can be reached, left there for the command line of the same machine. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { serverAddressPath } from '../tenancy/layout.ts'

export interface ServerAddress {
  readonly url: string
  /** Of this run alone: whoever can read the data directory rules the server anyway. */
  readonly token: string
}

/** Not synced: a server that died is found out by its lock. */
export function writeServerAddress(dataDir: string, address: ServerAddress): void {
  const path = serverAddressPath(dataDir)
  removeServerAddress(dataDir)
  writeFileSync(path, JSON.stringify(address), { mode: 0o600, flag: 'wx' })
}

export function removeServerAddress(dataDir: string): void {
  rmSync(serverAddressPath(dataDir), { force: true })
}

/** @returns undefined when no server has left one */
export function readServerAddress(dataDir: string): ServerAddress | undefined {
  try {
    return JSON.parse(readFileSync(serverAddressPath(dataDir), 'utf8')) as ServerAddress
  } catch {
    return undefined
  }
}
