/** Giving free pages of vecs.db back to the file system, a few at a time. */
import type { Db } from '../../base/sqlite.ts'

/**
 * Moves pages from the end of the file into free ones and cuts it: a step of background work. Does nothing in a file that
 * was not made with `auto_vacuum = INCREMENTAL`.
 * @param pagesMax pages to give back at most; some microseconds each
 * @returns whether there is more to give back
 */
export function reclaimPages(vecs: Db, pagesMax: number): boolean {
  if (vecs.pragma<number>('auto_vacuum') !== 2) return false
  vecs.script(`PRAGMA incremental_vacuum(${Math.max(1, Math.trunc(pagesMax))})`)
  return vecs.pragma<number>('freelist_count') > 0
}
