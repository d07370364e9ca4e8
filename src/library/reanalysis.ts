/** How far a library has been indexed again after the analyser changed: a note in app.db that outlives a stop. */
import type { Db } from '../base/sqlite.ts'

const selectNote = 'SELECT value FROM meta WHERE key = ?'
const upsertNote = `INSERT INTO meta (key, value) VALUES ('reanalysed', ?)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`

/** The number of the last document looked at; 0 before the first, `end` after the last. */
export type Progress = number | 'end'

/** @param version of the analyser: progress with another one does not count */
export function reanalysedUpTo(app: Db, version: number): Progress {
  const [noted, progress] =
    app.get<{ value: string }>(selectNote, 'reanalysed')?.value.split(' ') ?? []
  if (Number(noted) !== version) return 0
  return progress === 'end' ? 'end' : Number(progress)
}

export function setReanalysedUpTo(app: Db, version: number, progress: Progress): void {
  app.run(upsertNote, `${version} ${progress}`)
}
