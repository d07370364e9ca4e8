/** What the files of a library say of themselves from outside, while nobody has them open. */
import { open, stat } from 'node:fs/promises'
import { appDbPath, vecsDbPath } from '../tenancy/layout.ts'
import { appMigrations, vecsMigrations } from '../tenancy/schema.ts'

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

/** 0 for a file that is not there or is none. Only of a library that is closed. */
export async function fileVersions(directory: string): Promise<FileVersions> {
  return {
    app: await versionOf(appDbPath(directory)),
    vecs: await versionOf(vecsDbPath(directory)),
  }
}

/** When app.db was written last, Unix milliseconds; of a library at rest. */
export async function writtenAtMs(directory: string): Promise<number> {
  return (await stat(appDbPath(directory)).catch(() => undefined))?.mtimeMs ?? 0
}

async function versionOf(file: string): Promise<number> {
  const handle = await open(file).catch(() => undefined)
  if (!handle) return 0
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, versionAt)
    return bytesRead === 4 ? buffer.readUInt32BE(0) : 0
  } finally {
    await handle.close()
  }
}
