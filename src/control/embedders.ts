/** The embedders table: which spaces of remote models this server has met, so that each keeps one name. */
import type { Db } from '../base/sqlite.ts'

const selectEmbedders =
  'SELECT fingerprint, model, query_prefix, document_prefix FROM embedders ORDER BY found_at'
const upsertEmbedder = `INSERT INTO embedders (fingerprint, model, query_prefix, document_prefix, found_at)
  VALUES (?, ?, ?, ?, ?) ON CONFLICT (fingerprint) DO UPDATE SET found_at = excluded.found_at`
const deleteOldest = `DELETE FROM embedders WHERE fingerprint NOT IN
  (SELECT fingerprint FROM embedders ORDER BY found_at DESC LIMIT ?)`

/** Nobody changes models so often that an older one's vectors are still somewhere. */
const embeddersMax = 64

/** How a question was embedded for a space: what it takes to ask the same model again. */
export interface EmbedderRecord {
  readonly fingerprint: string
  readonly model: string
  readonly queryPrefix: string
  readonly documentPrefix: string
}

export function readEmbedders(db: Db): EmbedderRecord[] {
  const rows = db.all<{
    fingerprint: string
    model: string
    query_prefix: string
    document_prefix: string
  }>(selectEmbedders)
  return rows.map((row) => ({
    fingerprint: row.fingerprint,
    model: row.model,
    queryPrefix: row.query_prefix,
    documentPrefix: row.document_prefix,
  }))
}

export function writeEmbedder(
  db: Db,
  { fingerprint, model, queryPrefix, documentPrefix }: EmbedderRecord,
  atMs: number,
): void {
  db.run(upsertEmbedder, fingerprint, model, queryPrefix, documentPrefix, atMs)
  db.run(deleteOldest, embeddersMax)
}
