/** Documents, the shard's side: create, read, change, delete, with their originals and their place in the index. */
import { removeDurably, renameDurably } from '../base/fs.ts'
import { isDiskFailing } from '../base/machine-fault.ts'
import { isDamage } from '../base/sqlite.ts'
import { documentText, listText } from '../library/document-texts.ts'
import {
  addDocument,
  type DocumentChange,
  type DocumentRow,
  type DocumentView,
  documentBySha256,
  documentRow,
  documentView,
  listDocuments,
  type NewDocument,
  removeDocument,
  updateDocument,
} from '../library/documents.ts'
import { queueJob } from '../library/jobs.ts'
import { pageView, passageRanges, revisionsOf, setReindexAfter } from '../library/passages.ts'
import {
  type ContentsEntry,
  contentsOf,
  mustBeRead,
  type ReportView,
  reportOf,
} from '../library/reader.ts'
import { type Thumbnail, thumbnailOf } from '../library/thumbnails.ts'
import { checkDocument, type Usage, usageOf } from '../library/usage.ts'
import { noteVectorChange } from '../library/vector-changes.ts'
import { dropPending } from '../search/index-writer.ts'
import { originalPath, uploadPath } from '../tenancy/layout.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'
import { dropSearched } from './ingest-operations.ts'
import { type VectorFigures, vectorFigures } from './remote-spaces.ts'

/**
 * Takes a received, synced file into `books/`, then writes its row and its job: after this returns both are durable.
 * The same bytes again give the same document.
 */
export function create(
  context: ShardContext,
  store: Store,
  args: NewDocument & { uploadName: string },
): DocumentView {
  const { app, directory } = store
  const upload = uploadPath(directory, args.uploadName)
  const existing = documentBySha256(app, args.sha256)
  if (existing) {
    removeDurably(upload)
    return documentView(existing)
  }
  const original = originalPath(directory, args.sha256, args.extension)
  renameDurably(upload, original)
  try {
    return app.transaction(() => {
      checkDocument(store, args.bytes)
      const { seq, id } = addDocument(app, args, context.nowMs())
      queueJob(app, seq, context.nowMs())
      return documentView(documentRow(app, id))
    })
  } catch (error) {
    // A commit whose sync failed may be there after a crash, and then needs its bytes; else recovery removes them.
    if (!isDiskFailing(error)) removeDurably(original)
    throw error
  }
}

export function list(
  _context: ShardContext,
  { app }: Store,
  args: { limit: number; cursor: string | null },
): { items: DocumentView[]; next_cursor: string | null } {
  return listDocuments(app, args)
}

export function get(_context: ShardContext, { app }: Store, { id }: { id: string }): DocumentView {
  return documentView(documentRow(app, id))
}

export function listAsText(
  _context: ShardContext,
  { app }: Store,
  args: { limit: number; cursor: string | null },
): string {
  return listText(app, args)
}

export function getAsText(_context: ShardContext, { app }: Store, { id }: { id: string }): string {
  return documentText(app, id)
}

export function update(
  context: ShardContext,
  { app }: Store,
  { id, ...change }: { id: string } & DocumentChange,
): DocumentView {
  return app.transaction(() => {
    const row = documentRow(app, id)
    const isReindexed = updateDocument(app, row, change, context.nowMs())
    // Of a document that is being read, some passages were indexed already: once it is ready, all are again.
    if (isReindexed && (row.revision > 0 || row.status === 'processing'))
      setReindexAfter(app, row.seq, 0)
    if (isReindexed && row.revision > 0) {
      // A passage is embedded with its title, and by the words of its language.
      const revision = { documentSeq: row.seq, revision: row.revision }
      noteVectorChange(app, 'embed', passageRanges(app, revision))
    }
    return documentView(documentRow(app, id))
  })
}

/** Rows first, then the file: a crash in between leaves a file that the next start removes. */
export function remove(context: ShardContext, store: Store, { id }: { id: string }): null {
  const { app } = store
  const row = app.transaction(() => {
    const found = documentRow(app, id)
    dropPending(app, found.seq)
    for (const revision of revisionsOf(app, found.seq))
      dropSearched(app, { documentSeq: found.seq, revision })
    removeDocument(app, found.seq)
    return found
  })
  context.heldOriginals.drop(store, row)
  return null
}

/** What is needed to send the bytes as they were. */
export function original(
  _context: ShardContext,
  { app }: Store,
  { id }: { id: string },
): Pick<DocumentRow, 'sha256' | 'extension' | 'media_type' | 'filename' | 'bytes'> {
  const { sha256, extension, media_type, filename, bytes } = documentRow(app, id)
  return { sha256, extension, media_type, filename, bytes }
}

export function page(
  _context: ShardContext,
  { app }: Store,
  { id, number }: { id: string; number: number },
): { page: number; label: string | null; text: string } {
  const row = documentRow(app, id)
  mustBeRead(row)
  return pageView(app, { documentSeq: row.seq, revision: row.revision }, number)
}

export function contents(
  _context: ShardContext,
  { app }: Store,
  { id }: { id: string },
): { items: ContentsEntry[] } {
  const row = documentRow(app, id)
  mustBeRead(row)
  return { items: contentsOf(app, row) }
}

export function thumbnail(
  _context: ShardContext,
  { app }: Store,
  { id }: { id: string },
): Thumbnail {
  return thumbnailOf(app, documentRow(app, id).seq)
}

export function report(
  _context: ShardContext,
  { app }: Store,
  { id, ...part }: { id: string; limit: number; cursor: string | null },
): ReportView {
  return reportOf(app, documentRow(app, id), part)
}

/** Reads the original again; the present text stays searchable until the new one is complete. */
export function reprocess(
  context: ShardContext,
  { app }: Store,
  { id }: { id: string },
): DocumentView {
  return app.transaction(() => {
    queueJob(app, documentRow(app, id).seq, context.nowMs())
    return documentView(documentRow(app, id))
  })
}

/** What an account holds, and how far its vectors are. */
export function account(context: ShardContext, store: Store): Usage & { vectors: VectorFigures } {
  const { embedder, wantedSpace, damagedVectors } = context
  const all = usageOf(store, context.nowMs())
  try {
    return { ...all, vectors: vectorFigures(store, embedder, wantedSpace) }
  } catch (error) {
    if (!isDamage(error)) throw error
    damagedVectors.set(store.tenant, store.directory)
    return { ...all, vectors: { searched: null, pending: all.passages } }
  }
}
