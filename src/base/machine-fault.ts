/** Faults of the machine below us, by their codes: a full disk, a failing one, no descriptors. Each has a problem of its own. */
import { Problem } from './problem.ts'
import { sqliteCode } from './sqlite.ts'

const descriptorsOut = ['EMFILE', 'ENFILE']
const full = ['ENOSPC', 'EDQUOT']
const failing = ['EIO', 'EROFS']

/** @returns what to tell whoever asked; undefined for an error that says nothing of the machine */
export function machineProblem(error: unknown): Problem | undefined {
  const sqlite = sqliteCode(error) ?? ''
  const system = (error as NodeJS.ErrnoException | undefined)?.code ?? ''
  if (sqlite === 'SQLITE_FULL' || full.includes(system))
    return new Problem(
      'disk_full',
      'The disk of the server is full: nothing was saved. Tell the operator.',
      { cause: error },
    )
  if (isDiskFailing(error))
    return new Problem(
      'disk_failed',
      'The disk of the server reported an error: look whether it was saved before you repeat it, and tell the operator.',
      { cause: error },
    )
  if (sqlite.startsWith('SQLITE_CANTOPEN') || descriptorsOut.includes(system))
    return new Problem('overloaded', 'The server cannot open any more files at the moment.', {
      cause: error,
      retryAfterS: 1,
    })
  return undefined
}

/** Whether a file could not be read, written or synced: what a handle believes of it may then be wrong. */
export function isDiskFailing(error: unknown): boolean {
  const system = (error as NodeJS.ErrnoException | undefined)?.code ?? ''
  return failing.includes(system) || /^SQLITE_(IOERR|READONLY)/.test(sqliteCode(error) ?? '')
}
