/** What the files of a library say of themselves from outside, while nobody has them open. */
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { appDbPath, vecsDbPath } from './layout.ts'
import { appMigrations, vecsMigrations } from './schema.ts'

/** Of a database file, where SQLite keeps its user_version. */
const versionAt = 60

export interface FileVersions {
  readonly app: number
  readonly vecs: number
}

export const presentVersions: FileVersions = {
  app: appMigrations.length,
  vecs: vecsMigrations.length,
}

export function isPresent({ app, vecs }: FileVersions): boolean {
  return app === presentVersions.app && vecs === presentVersions.vecs
}

/** 0 for a file that is not there or is none. Only of a library that is closed and at rest. */
export function fileVersions(directory: string): FileVersions {
  return { app: versionOf(appDbPath(directory)), vecs: versionOf(vecsDbPath(directory)) }
}

function versionOf(path: string): number {
  let fd: number | undefined
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    const bytes = Buffer.alloc(4)
    return readSync(fd, bytes, 0, 4, versionAt) === 4 ? bytes.readUInt32BE(0) : 0
  } catch {
    return 0
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
