/** What is read of a database that a user sent, and what its schema must be. Run in the process that opens it, nowhere else. */
import { appMigrations, vecsMigrations } from './schema.ts'

/** The statements that made a file of that version. */
export function migrationsUpTo(name: 'app.db' | 'vecs.db', version: number): readonly string[] {
  return (name === 'app.db' ? appMigrations : vecsMigrations).slice(0, version)
}

export const selectSchema = `SELECT type, name, tbl_name, coalesce(sql, '') AS sql FROM sqlite_schema
  ORDER BY type, name, tbl_name`

export const selectCounts = 'SELECT count(*) AS documents FROM documents'

/** @param version of app.db: what its tables did not have yet is what they would have after a migration */
export function appQueries(version: number) {
  const [hasReading, hasConversations] = [version >= 3, version >= 4]
  return {
    documents: `SELECT d.seq, d.id, d.sha256, d.title, d.title_chosen, d.filename, d.media_type, d.extension, d.bytes,
      d.language, ${version >= 6 ? 'd.language_chosen' : 'NULL'} AS language_chosen, d.status, d.error, d.report, d.outline, d.revision, d.created_at, d.updated_at,
      EXISTS (SELECT 1 FROM jobs j WHERE j.document_seq = d.seq) AS has_job FROM documents d ORDER BY d.seq`,
    tags: 'SELECT tag FROM tags WHERE document_seq = ? ORDER BY tag',
    thumbnail: hasReading ? 'SELECT png FROM thumbnails WHERE document_seq = ?' : undefined,
    pages: `SELECT number, label, text, ${
      hasReading
        ? 'source, language, is_suspicious'
        : `iif(text = '', 'empty', 'text') AS source, 'und' AS language, 0 AS is_suspicious`
    } FROM pages WHERE document_seq = ? AND revision = ? ORDER BY number`,
    passages: `SELECT id, section, language, last_page, spans, text FROM passages
      WHERE document_seq = ? AND revision = ? ORDER BY id`,
    conversations: hasConversations
      ? 'SELECT seq, id, title, filter, created_at, updated_at FROM conversations ORDER BY seq'
      : undefined,
    messages: `SELECT id, role, text, detail, feedback, feedback_why, created_at FROM messages
      WHERE conversation_seq = ? ORDER BY seq`,
  }
}

export const vecsQueries = {
  space: "SELECT id, dims, config FROM vector_spaces WHERE fingerprint = ? AND state = 'live'",
  vectors: 'SELECT key, vector FROM vectors WHERE key >= ? AND key < ? ORDER BY key',
  terms: 'SELECT term, idf, scale, vector FROM embedder_terms WHERE space = ? ORDER BY term',
}
