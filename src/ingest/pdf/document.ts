/** An open PDF: its pages as text, its labels, outline and title. */
import type { OutlineEntry } from '../contract.ts'
import { ExtractError } from '../contract.ts'
import type { ByteSource } from '../extraction.ts'
import { pageCharactersMax } from '../limits.ts'
import type { Picture } from '../picture/png.ts'
import { type DrawOptions, drawPage } from './bitmap.ts'
import { orderColumns } from './columns.ts'
import { FormFields } from './form-fields.ts'
import { readGlyphs, scratchBytes } from './glyphs.ts'
import { writeFlows } from './paragraphs.ts'
import { type Pdfium, type Pointer, readFunction } from './pdfium.ts'
import { buildSegments, type Segment } from './segments.ts'

/** PDFium addresses a file with 32 bits. */
const bytesMax = 2 ** 32 - 1
const accessBytes = 12
/** FPDF_GetLastError: a password is needed (3 is a format error). */
const passwordError = 4
const securityError = 5
/** Outlines can be cyclic: a walk ends here. */
const outlineMax = 5_000
const outlineDepthMax = 16
/** Bytes of a title or label, in UTF-16; longer ones are cut. */
const stringBytesMax = 2_048

export class PdfDocument {
  readonly pageCount: number
  readonly #pdfium: Pdfium
  readonly #document: Pointer
  readonly #access: Pointer
  readonly #scratch: Pointer
  readonly #strings: Pointer
  readonly #fields: FormFields | undefined

  /** @throws ExtractError `password_required` or `damaged` */
  constructor(pdfium: Pdfium, source: ByteSource) {
    const { call } = pdfium
    this.#pdfium = pdfium
    this.#access = fileAccess(pdfium, source)
    this.#document = open(pdfium, this.#access)
    this.#scratch = call.malloc(scratchBytes)
    this.#strings = call.malloc(stringBytesMax)
    this.pageCount = call.FPDF_GetPageCount(this.#document)
    const hasForm = call.FPDF_GetFormType(this.#document) !== 0
    this.#fields = hasForm ? new FormFields(pdfium, this.#document) : undefined
  }

  close(): void {
    const { call } = this.#pdfium
    this.#fields?.close()
    call.FPDF_CloseDocument(this.#document)
    call.free(this.#access)
    call.free(this.#scratch)
    call.free(this.#strings)
  }

  /** The text of page `index` (from 0) in reading order; undefined when the page itself is damaged. */
  pageText(index: number): string | undefined {
    const { call } = this.#pdfium
    const page = call.FPDF_LoadPage(this.#document, index)
    if (page === 0) return undefined
    const text = call.FPDFText_LoadPage(page)
    try {
      if (text === 0) return undefined
      const glyphs = readGlyphs(this.#pdfium, text, this.#scratch, pageCharactersMax)
      return layOut([...buildSegments(glyphs), ...(this.#fields?.read(page) ?? [])])
    } finally {
      call.FPDFText_ClosePage(text)
      call.FPDF_ClosePage(page)
    }
  }

  /** Page `index` (from 0) as a picture; undefined when it cannot be drawn. */
  draw(index: number, options: DrawOptions): Picture | undefined {
    const { call } = this.#pdfium
    const page = call.FPDF_LoadPage(this.#document, index)
    if (page === 0) return undefined
    try {
      return drawPage(this.#pdfium, page, options)
    } finally {
      call.FPDF_ClosePage(page)
    }
  }

  /** The printed label, or null where the document has none for this page. */
  pageLabel(index: number): string | null {
    const { call } = this.#pdfium
    const label = this.#string((buffer, bytes) =>
      call.FPDF_GetPageLabel(this.#document, index, buffer, bytes),
    )
    return label === '' ? null : label
  }

  /** The title its metadata gives, or ''. */
  title(): string {
    const { call } = this.#pdfium
    const tag = call.malloc(8)
    this.#pdfium.bytes.set(Buffer.from('Title\0'), tag)
    const title = this.#string((buffer, bytes) =>
      call.FPDF_GetMetaText(this.#document, tag, buffer, bytes),
    )
    call.free(tag)
    return title
  }

  outline(): OutlineEntry[] {
    const entries: OutlineEntry[] = []
    this.#walk(0, 1, entries)
    return entries
  }

  #walk(parent: Pointer, level: number, entries: OutlineEntry[]): void {
    const { call } = this.#pdfium
    let bookmark = call.FPDFBookmark_GetFirstChild(this.#document, parent)
    while (bookmark !== 0 && entries.length < outlineMax) {
      const current = bookmark
      const title = this.#string((buffer, bytes) =>
        call.FPDFBookmark_GetTitle(current, buffer, bytes),
      )
      if (title !== '') entries.push({ title, level, page: this.#pageOf(current) })
      if (level < outlineDepthMax) this.#walk(current, level + 1, entries)
      bookmark = call.FPDFBookmark_GetNextSibling(this.#document, current)
    }
  }

  #pageOf(bookmark: Pointer): number | null {
    const { call } = this.#pdfium
    const action = call.FPDFBookmark_GetAction(bookmark)
    const destination =
      call.FPDFBookmark_GetDest(this.#document, bookmark) ||
      (action && call.FPDFAction_GetDest(this.#document, action))
    if (!destination) return null
    const index = call.FPDFDest_GetDestPageIndex(this.#document, destination)
    return index >= 0 && index < this.pageCount ? index + 1 : null
  }

  /** What PDFium writes into a buffer as UTF-16 with a zero at the end; '' when it is too long for it. */
  #string(write: (buffer: Pointer, bytes: number) => number): string {
    const bytes = write(this.#strings, stringBytesMax)
    if (bytes <= 2 || bytes > stringBytesMax) return ''
    const from = this.#pdfium.bytes.subarray(this.#strings, this.#strings + bytes - 2)
    return Buffer.from(from).toString('utf16le')
  }
}

/** FPDF_FILEACCESS: length, function, parameter. PDFium reads through it until the document is closed. */
function fileAccess(pdfium: Pdfium, source: ByteSource): Pointer {
  if (source.size > bytesMax)
    throw new ExtractError('damaged', 'PDF files of four gigabytes and more cannot be read.')
  pdfium.onRead((position, into) => {
    const bytes = source.read(position, into.length)
    into.set(bytes)
    return bytes.length === into.length
  })
  const access = pdfium.call.malloc(accessBytes)
  const { view } = pdfium
  view.setUint32(access, source.size, true)
  view.setUint32(access + 4, readFunction, true)
  view.setUint32(access + 8, 0, true)
  return access
}

function open(pdfium: Pdfium, access: Pointer): Pointer {
  const document = pdfium.call.FPDF_LoadCustomDocument(access, 0)
  if (document !== 0) return document
  const error = pdfium.call.FPDF_GetLastError()
  pdfium.call.free(access)
  throw error === passwordError || error === securityError ? passwordRequired() : damaged()
}

function layOut(segments: readonly Segment[]): string {
  const byTurn = Map.groupBy(segments, ({ turn }) => turn)
  // What most of the page is set in comes first; a stamp along the margin last.
  return [...byTurn.values()]
    .sort((a, b) => letters(b) - letters(a))
    .map((same) => writeFlows(orderColumns(same)))
    .join('\n\n')
}

function letters(segments: readonly Segment[]): number {
  return segments.reduce((sum, { text }) => sum + text.length, 0)
}

function passwordRequired(): ExtractError {
  return new ExtractError(
    'password_required',
    'A password is needed to open this PDF. Save a copy without a password and upload that.',
  )
}

export function damaged(): ExtractError {
  return new ExtractError(
    'damaged',
    'This PDF is damaged and cannot be opened. Open it in another program, save or export it again, and upload that copy.',
  )
}
