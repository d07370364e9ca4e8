/** What an extractor gives: pages, passages cut from them, and an end that says what was read or why not. */

/** One page (or chapter) of a document. `text` is NFC, hyphenation joined, in reading order, lines ended by `\n`. */
export interface Page {
  /** 1-based position in the document. */
  readonly number: number
  /** The printed label (`iv`, `A-3`), or null where the document has none. */
  readonly label: string | null
  readonly text: string
}

/** Where a page's text is from: the document itself, recognition of its picture, or nowhere. */
export type PageSource = 'text' | 'ocr' | 'empty'

/** A page with what is known of its reading. */
export interface ReadPage extends Page {
  readonly source: PageSource
  /** ISO 639-1 code, or `und`. */
  readonly language: string
  /** The text is probably not what a reader of the page sees: its letters were decoded wrongly. */
  readonly isSuspicious: boolean
}

/**
 * A verbatim slice of one page inside a passage:
 * `passage.text.slice(at, at + end - start) === page.text.slice(start, end)`, in UTF-16 units.
 */
export interface PassageSpan {
  readonly page: number
  readonly start: number
  readonly end: number
  readonly at: number
}

/** A piece of text that is indexed and cited. Slices of different pages or blocks are joined by `\n\n` or `\n`, never glued. */
export interface PassageDraft {
  /** Headings above it, outermost first. */
  readonly section: readonly string[]
  readonly text: string
  readonly spans: readonly PassageSpan[]
  /** ISO 639-1 code, or `und` where nothing is certain. */
  readonly language: string
}

export interface OutlineEntry {
  readonly title: string
  readonly level: number
  /** 1-based, or null where the entry leads nowhere. */
  readonly page: number | null
}

/** A part of the result, in reading order. A passage never comes before the pages it was cut from. */
export interface ExtractBatch {
  /** From the document's own metadata or first heading, the same in every batch; null where it says nothing usable. */
  readonly title: string | null
  readonly pages: readonly ReadPage[]
  readonly passages: readonly PassageDraft[]
  readonly pagesDone: number
  /** Known at once for PDF; null while unknown. */
  readonly pagesTotal: number | null
}

/** The end of a successful extraction. */
export interface ExtractSummary {
  readonly pages: number
  readonly passages: number
  /** As in every batch. */
  readonly title: string | null
  readonly language: string
  readonly outline: readonly OutlineEntry[]
  readonly report: ExtractReport
}

/** What was read, for a person. */
export interface ExtractReport {
  /** One or two sentences: `12 of 240 pages have no text.` */
  readonly summary: string
  readonly characters: number
  /** Page numbers without text; at most `pagesListedMax` are listed, `empty_pages` counts all. */
  readonly empty_pages: number
  readonly empty_page_numbers: readonly number[]
  /** Pages whose text was recognised from their picture. */
  readonly ocr_pages: number
  /** Pages whose letters were probably decoded wrongly; listed as the empty ones are. */
  readonly suspicious_pages: number
  readonly suspicious_page_numbers: readonly number[]
  /** Of the pages with text, the most frequent first. */
  readonly languages: readonly { readonly language: string; readonly pages: number }[]
  readonly warnings: readonly string[]
}

/** Why a document could not be read. The code is stable; the sentence goes to the person as it is. */
export type ExtractFailureCode =
  | 'password_required'
  | 'no_text'
  | 'damaged'
  | 'unsupported'
  | 'out_of_time'
  | 'out_of_memory'
  | 'too_much_text'
  | 'too_many_pages'
  | 'reader_crashed'

export interface ExtractFailure {
  readonly code: ExtractFailureCode
  readonly detail: string
}

/** Thrown inside the extractor; crosses the process as `ExtractFailure` data. */
export class ExtractError extends Error {
  readonly code: ExtractFailureCode

  constructor(code: ExtractFailureCode, detail: string) {
    super(detail)
    this.name = 'ExtractError'
    this.code = code
  }
}
