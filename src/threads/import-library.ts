/** Documents, text and conversations of an archive, one message after another, into a store that is empty. */
import { Problem } from '../base/problem.ts'
import {
  addImported,
  addImportedConversation,
  addImportedMessages,
  addImportedPassages,
  publishImported,
} from '../library/imported.ts'
import { queueJob } from '../library/jobs.ts'
import { addPages } from '../library/passages.ts'
import type { Analyser } from '../search/analysis/analyser.ts'
import { indexPassages, publishSegments } from '../search/index-writer.ts'
import { checkShare, databaseBytes } from '../tenancy/quota.ts'
import { refusedArchive } from '../tenancy/received.ts'
import type { Store } from '../tenancy/store.ts'
import { BrokenReader, OutputCheck } from './extractor-output.ts'
import type { ImportedDocument, ImportMessage } from './import-messages.ts'
import { asIndexed } from './ingest-operations.ts'

/** As for a document that is read. */
const textLimits = { charactersMax: 50_000_000, pagesMax: 20_000 }
const revision = 1
const pngMagic = Buffer.from('89504e470d0a1a0a', 'hex')

/** The document whose text is coming. */
interface Current {
  readonly document: ImportedDocument
  readonly check: OutputCheck
  pages: number
  passages: number
  lastId: number
}

export class LibraryImport {
  readonly #store: Store
  readonly #analyser: Analyser
  readonly #files: ReadonlyMap<string, number>
  readonly #counts = { documents: 0, passages: 0, conversations: 0, messages: 0 }
  #bytes = 0
  #expected = 0
  #current: Current | undefined
  #conversation: number | undefined

  /** @param files bytes of each file of the archive, by its path */
  constructor(store: Store, analyser: Analyser, files: ReadonlyMap<string, number>) {
    this.#store = store
    this.#analyser = analyser
    this.#files = files
  }

  get progress(): number {
    return this.#expected === 0 ? 0 : Math.min(1, this.#counts.documents / this.#expected)
  }

  /** @throws BrokenReader for what cannot follow what came before; Problem `quota_exceeded`, `invalid_request` */
  take(message: ImportMessage): void {
    this.#store.app.unsyncedTransaction(() => {
      switch (message.type) {
        case 'checked':
          this.#expected = message.documents
          return
        case 'document':
          this.#publish()
          this.#begin(message.document)
          return
        case 'text':
          this.#addText(message)
          return
        case 'conversation':
          this.#publish()
          this.#conversation = addImportedConversation(this.#store.app, message.conversation)
          this.#counts.conversations++
          return
        case 'messages':
          if (this.#conversation === undefined) throw new BrokenReader('Messages of nobody.')
          addImportedMessages(this.#store.app, this.#conversation, message.messages)
          this.#counts.messages += message.messages.length
          return
        default:
          throw new BrokenReader(`No library says ${message.type}.`)
      }
    })
  }

  end(): { documents: number; passages: number; conversations: number; messages: number } {
    this.#store.app.transaction(() => this.#publish())
    this.#checkQuota()
    return this.#counts
  }

  #begin(document: ImportedDocument): void {
    const { sha256, extension, bytes, png, filename } = document
    if (this.#files.get(`books/${sha256}.${extension}`) !== bytes)
      throw refusedArchive(`it lacks the original of “${filename}”`)
    this.#counts.documents++
    this.#bytes += bytes
    this.#checkQuota()
    addImported(this.#store.app, { ...document, thumbnail: png === null ? null : pictureOf(png) })
    const check = new OutputCheck(textLimits)
    this.#current = { document, check, pages: 0, passages: 0, lastId: 0 }
  }

  #addText({ pages, passages }: ImportMessage & { type: 'text' }): void {
    const current = this.#current
    if (!current?.document.isRead) throw new BrokenReader('Text of nothing.')
    const { document, check } = current
    current.pages += pages.length
    check.batch({ title: null, pages, passages, pagesDone: current.pages, pagesTotal: null })
    for (const { id } of passages) {
      if (id <= current.lastId) throw new BrokenReader('Passages are out of order.')
      current.lastId = id
    }
    const { app } = this.#store
    const place = { documentSeq: document.seq, revision }
    addPages(app, place, pages)
    addImportedPassages(app, place, passages)
    indexPassages(app, place, asIndexed(document.title, passages), this.#analyser)
    current.passages += passages.length
    this.#counts.passages += passages.length
    this.#checkQuota()
  }

  /** The document before is complete. What waits to be read waits here as well. */
  #publish(): void {
    const current = this.#current
    if (!current) return
    this.#current = undefined
    const { app } = this.#store
    const { document, pages, passages } = current
    const { seq } = document
    if (document.isRead) {
      publishImported(app, { seq, revision, pages, passages })
      publishSegments(app, { documentSeq: seq, revision })
    }
    if (document.hasJob) queueJob(app, seq, Date.now())
  }

  #checkQuota(): void {
    const { quota } = this.#store
    const { documents, passages } = this.#counts
    checkShare('documents', { used: documents, limit: quota.documents })
    checkShare('bytes', { used: this.#bytes, limit: quota.bytes })
    checkShare('passages', { used: passages, limit: quota.passages })
    if (quota.database_bytes === null) return
    const used = databaseBytes(this.#store)
    checkShare('database_bytes', { used, limit: quota.database_bytes })
  }
}

/** @throws Problem `invalid_request` for what is no PNG: it is shown in browsers as one */
function pictureOf(png: string): Uint8Array {
  const bytes = Buffer.from(png, 'base64')
  if (!bytes.subarray(0, pngMagic.length).equals(pngMagic))
    throw new Problem('invalid_request', 'The archive was refused: a picture in it is no PNG.')
  return bytes
}
