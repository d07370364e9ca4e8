/** What went wrong when a database was opened, for a person. */
import { dirname } from 'node:path'
import { freeBytes } from './fs.ts'
import { Problem } from './problem.ts'

/** What opening takes on the disk, several times over. */
const sharedBytes = 512 * 1024

/** The file and its directory: enough for a person, and nothing of the machine's paths. */
export function shortName(path: string): string {
  return path.split('/').slice(-2).join('/')
}

/** SQLite has no other word for memory that it could not enlarge. */
function isFull(path: string): boolean {
  return freeBytes(dirname(path)) < sharedBytes
}

/** @param code of SQLite; empty for another error @returns a problem where there is one that fits, else the error itself */
export function openProblem(path: string, code = '', error?: unknown): unknown {
  const name = shortName(path)
  if (code === 'SQLITE_CANTOPEN' || (error as NodeJS.ErrnoException).code === 'EMFILE')
    return new Problem(
      'overloaded',
      `${name} could not be opened: the file is missing or descriptors ran out.`,
      { cause: error, retryAfterS: 1 },
    )
  if (code === 'SQLITE_FULL' || (code.startsWith('SQLITE_IOERR') && isFull(path)))
    return new Problem('disk_full', `${name} could not be opened: the disk is full.`, {
      cause: error,
    })
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT'))
    return new Problem('tenant_damaged', `${name} is damaged: restore it from a backup.`, {
      cause: error,
    })
  return error
}
