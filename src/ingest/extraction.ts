/** What one file format must offer: an extractor opens a document and gives its pages one after the other. */
import type { OutlineEntry, Page } from './contract.ts'

/** A document's bytes, read where they are needed: a large file is never held as a whole by the plumbing. */
export interface ByteSource {
  /** In bytes. */
  readonly size: number
  /** Up to `length` bytes from `position`; fewer only at the end of the file. Synchronous. */
  read(position: number, length: number): Uint8Array
}

/** A heading inside a page's text: everything from offset `at` on stands under it. `level` starts at 1. */
export interface Heading {
  readonly at: number
  readonly level: number
  readonly title: string
}

/** A half-open range of UTF-16 units of a page's text. */
export interface TextRange {
  readonly start: number
  readonly end: number
}

/** A page, with what the cutting of passages must know about its text. */
export interface MarkedPage extends Page {
  /** In order of `at`. */
  readonly headings: readonly Heading[]
  /** Tables, lists and code, which are torn only where they do not fit a passage; in order, apart from each other. */
  readonly wholes: readonly TextRange[]
  /** Laid out for paper, so that its edges may carry running heads and page numbers. */
  readonly isPrinted?: boolean
  /** Its text was recognised from its picture. */
  readonly isRecognised?: boolean
}

/** Reads the text off pictures of pages; synchronous, for a reader process waits for its answers. */
export interface PageRecogniser {
  /** What is known of the page from an earlier try; null when nothing is. */
  known(page: number): string | null
  /** @returns null when it could not be recognised */
  recognise(page: number, png: Uint8Array): string | null
}

export interface ExtractInput {
  readonly source: ByteSource
  /** As the person named it: a hint, never a path. */
  readonly filename: string
  /** Characters (UTF-16 units) after which reading stops with `too_much_text`. */
  readonly charactersMax: number
  readonly pagesMax: number
  /** For pages without text; without it they stay empty. */
  readonly recogniser?: PageRecogniser
}

/** What is known once all pages were read. */
export interface ExtractionEnd {
  /** From metadata or the first heading; null where neither says something usable. */
  readonly title: string | null
  readonly outline: readonly OutlineEntry[]
  /** Sentences for a person. */
  readonly warnings: readonly string[]
}

/** A document being read. `pages` can be walked once; leaving the walk early frees what the document holds. */
export interface Extraction {
  /** Null where only reading to the end tells. */
  readonly pagesTotal: number | null
  readonly pages: AsyncIterable<MarkedPage>
  end(): ExtractionEnd
}

/** @throws ExtractError when the document cannot be read at all; the walk over pages may throw it too. */
export type Extractor = (input: ExtractInput) => Promise<Extraction>
