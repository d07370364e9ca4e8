/** How a database file is opened. */

export interface OpenOptions<D> {
  /** `create` makes a new file and refuses an existing one; `open` refuses a missing one. */
  readonly mode: 'create' | 'open' | 'open-or-create'
  /** FULL for what a user was told is saved; NORMAL where it can be rebuilt. */
  readonly synchronous: 'FULL' | 'NORMAL'
  /** Stored in the file's header; a file with another id is not ours. */
  readonly applicationId: number
  /** SQL scripts, append-only; the number applied is the file's `user_version`. All that are due run in one transaction. */
  readonly migrations: readonly string[]
  /** Hard wall in pages; forgotten by SQLite on close, so it is set on every open. */
  readonly pagesMax?: number
  /** Bytes of a page, a power of two, of a new file; 4,096 unless told. */
  readonly pageBytes?: number
  /** Only a new file can be made so that its free pages can be given back to the file system, step by step. */
  readonly autoVacuum?: 'incremental'
  /** Looks at an existing file before anything is written to it; throws to refuse it, untouched. */
  readonly verify?: (db: D) => void
}
