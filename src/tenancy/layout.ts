/** Where everything is on disk. The only place that makes a path; what it is given is checked, never trusted. */
import { dirname, join } from 'node:path'
import type { TenantId } from './tenant-id.ts'

const sha256Hex = /^[0-9a-f]{64}$/
const extensionName = /^[a-z0-9]{1,10}$/
const uploadName = /^[0-9a-f]{32}$/
const receivedName = /^(manifest\.json|app\.db|vecs\.db|books\/[0-9a-f]{64}\.[a-z0-9]{1,10})$/

export function tenantDirectory(dataDir: string, tenant: TenantId): string {
  return join(dataDir, tenant)
}

export function appDbPath(directory: string): string {
  return join(directory, 'app.db')
}

export function vecsDbPath(directory: string): string {
  return join(directory, 'vecs.db')
}

export function uploadsDirectory(directory: string): string {
  return join(directory, 'uploads')
}

export function booksDirectory(directory: string): string {
  return join(directory, 'books')
}

/** A file being received. @param name 32 lower-case hex digits, made by us. */
export function uploadPath(directory: string, name: string): string {
  return join(uploadsDirectory(directory), checked(name, uploadName))
}

/** Parts of resumable uploads, which outlive a restart. */
export function partialDirectory(directory: string): string {
  return join(uploadsDirectory(directory), 'partial')
}

/** @param id 32 lower-case hex digits, made by us. */
export function partialPath(directory: string, id: string): string {
  return join(partialDirectory(directory), checked(id, uploadName))
}

/** An original, named by its content. */
export function originalPath(directory: string, sha256: string, extension: string): string {
  return join(
    booksDirectory(directory),
    `${checked(sha256, sha256Hex)}.${checked(extension, extensionName)}`,
  )
}

/** The server's own directory: no tenant can be called `.carrel`. */
export function serverDirectory(dataDir: string): string {
  return join(dataDir, '.carrel')
}

/** Nothing in it: deleted, it makes room on a full disk. */
export function ballastPath(dataDir: string): string {
  return join(serverDirectory(dataDir), 'ballast')
}

export function lockPath(dataDir: string): string {
  return join(serverDirectory(dataDir), 'lock')
}

/** The HS256 key that a server makes for itself when it was given none. */
export function serverKeyPath(dataDir: string): string {
  return join(serverDirectory(dataDir), 'jwt-secret')
}

/** The key that signs sessions of the web app. */
export function sessionKeyPath(dataDir: string): string {
  return join(serverDirectory(dataDir), 'session-key')
}

/** The last good key set of JWT_JWKS_URL. */
export function keySetPath(dataDir: string): string {
  return join(serverDirectory(dataDir), 'jwks.json')
}

export function controlDbPath(dataDir: string): string {
  return join(serverDirectory(dataDir), 'control.db')
}

/** The request log, a file a month. */
export function requestsDirectory(dataDir: string): string {
  return join(serverDirectory(dataDir), 'requests')
}

/** Where directories are built before they are renamed into place. */
export function stagingDirectory(dataDir: string): string {
  return join(serverDirectory(dataDir), 'staging')
}

/** A file of an archive that a user sends, where it is received; undefined for a name that a copy's files never have. */
export function receivedPath(directory: string, name: string): string | undefined {
  return receivedName.test(name) ? join(directory, name) : undefined
}

/** Where the directories of deleted tenants are while they are erased. */
export function trashDirectory(dataDir: string): string {
  return join(serverDirectory(dataDir), 'trash')
}

/** Directories that a restore put others in the place of: kept until the operator or a deletion removes them. */
export function replacedDirectory(dataDir: string): string {
  return join(serverDirectory(dataDir), 'replaced')
}

/** Where snapshots are kept unless SNAPSHOTS_DIR says otherwise. */
export function defaultSnapshotsDirectory(dataDir: string): string {
  return join(serverDirectory(dataDir), 'snapshots')
}

/** Where snapshots are made, on the disk they will be on. No tenant is called so. */
export function buildingDirectory(snapshotsDir: string): string {
  return join(snapshotsDir, '.building')
}

/** Copies of control.db, a file each. No tenant is called so. */
export function controlSnapshots(snapshotsDir: string): string {
  return join(snapshotsDir, '.control')
}

/** A tenant's snapshots, one directory each. */
export function tenantSnapshots(snapshotsDir: string, tenant: TenantId): string {
  return join(snapshotsDir, tenant)
}

/** Which server has the data directory, for the command line: its address and a token of this run. */
export function serverAddressPath(dataDir: string): string {
  return join(serverDirectory(dataDir), 'server.json')
}

/** The keys of the secrets in a control.db, beside it. */
export function secretsKeyPath(controlDb: string): string {
  return join(dirname(controlDb), 'secrets-key')
}

/** The key that signs receipts. */
export function receiptKeyPath(dataDir: string): string {
  return join(serverDirectory(dataDir), 'receipt-key.pem')
}

function checked(name: string, grammar: RegExp): string {
  if (!grammar.test(name)) throw new Error(`not a file name of Carrel’s: ${JSON.stringify(name)}`)
  return name
}
