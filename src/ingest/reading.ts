/** One document from bytes to batches of pages and passages, with the report of what was read. */
import {
  type ExtractBatch,
  ExtractError,
  type ExtractSummary,
  type PassageDraft,
  type ReadPage,
} from './contract.ts'
import type { ExtractInput, Extractor, MarkedPage } from './extraction.ts'
import type { DocumentLanguages, LanguageDetector } from './language.ts'
import { PageTally } from './page-tally.ts'
import { createPassager } from './passages.ts'
import { createRunningHeads } from './running-heads.ts'
import { isSuspicious } from './suspicious-text.ts'

/** UTF-16 units in one batch: small transactions let a query through between two of them. */
const batchCharactersMax = 16 * 1024
const recognisedPagesMax = 8
const titleMax = 300

export interface Reading {
  /** By media type. */
  readonly extractors: Readonly<Record<string, Extractor>>
  readonly mediaType: string
  readonly input: ExtractInput
  readonly detect: LanguageDetector
  /** Returns when the batch has been taken. */
  readonly onBatch: (batch: ExtractBatch) => void
}

/** @throws ExtractError `no_text` when there is nothing to index, and all that an extractor throws */
export async function readDocument(reading: Reading): Promise<ExtractSummary> {
  const { extractors, mediaType, input, detect } = reading
  const extract = extractors[mediaType]
  if (!extract)
    throw new ExtractError('unsupported', `Files of type ${mediaType} cannot be read yet.`)
  const languages = detect.document()
  const extraction = await extract(input)
  const passager = createPassager((text) => languages.detect(text))
  const batches = new Batches(reading, extraction.pagesTotal, () => usable(extraction.end().title))
  const heads = createRunningHeads()
  for await (const page of extraction.pages) {
    batches.addPage(asRead(page, languages))
    for (const told of heads.push(page)) batches.addPassages(passager.push(told.page, told.body))
  }
  for (const told of heads.end()) batches.addPassages(passager.push(told.page, told.body))
  batches.addPassages(passager.end())
  if (batches.passagesDone === 0) throw noText(batches.tally.pages, input.recogniser !== undefined)
  batches.flush()
  const { outline, warnings } = extraction.end()
  return {
    pages: batches.tally.pages,
    passages: batches.passagesDone,
    title: batches.title,
    language: languages.main(),
    outline,
    report: batches.tally.report(warnings),
  }
}

function asRead(page: MarkedPage, languages: DocumentLanguages): ReadPage {
  const { number, label, text, isRecognised } = page
  const isEmpty = text === ''
  return {
    number,
    label,
    text,
    source: isEmpty ? 'empty' : isRecognised ? 'ocr' : 'text',
    language: isEmpty ? 'und' : languages.ofPage(text),
    isSuspicious: isSuspicious(text),
  }
}

/** Gathers pages and passages until there is enough to send. */
class Batches {
  readonly #reading: Reading
  readonly #pagesTotal: number | null
  readonly #titleNow: () => string | null
  /** Settled with the first batch: passages are indexed under it, so a heading that comes later cannot change it. */
  title: string | null = null
  #isTitled = false
  #pages: ReadPage[] = []
  #passages: PassageDraft[] = []
  #size = 0
  passagesDone = 0
  readonly tally = new PageTally()

  constructor(reading: Reading, pagesTotal: number | null, titleNow: () => string | null) {
    this.#reading = reading
    this.#pagesTotal = pagesTotal
    this.#titleNow = titleNow
  }

  addPage(page: ReadPage): void {
    this.#pages.push(page)
    this.tally.add(page)
    // A recognised page took seconds: what came of it is worth writing down soon.
    if (page.source === 'ocr') this.#size += batchCharactersMax / recognisedPagesMax
    this.#grow(page.text.length)
  }

  addPassages(passages: readonly PassageDraft[]): void {
    for (const passage of passages) {
      this.#passages.push(passage)
      this.passagesDone++
      this.#grow(passage.text.length)
    }
  }

  #grow(characters: number): void {
    this.#size += characters
    if (this.#size >= batchCharactersMax || this.#pages.length >= 1_000) this.flush()
  }

  flush(): void {
    if (this.#pages.length + this.#passages.length === 0) return
    if (!this.#isTitled) this.title = this.#titleNow()
    this.#isTitled = true
    this.#reading.onBatch({
      title: this.title,
      pages: this.#pages,
      passages: this.#passages,
      pagesDone: this.tally.pages,
      pagesTotal: this.#pagesTotal,
    })
    this.#pages = []
    this.#passages = []
    this.#size = 0
  }
}

function usable(title: string | null): string | null {
  return title === null ? null : title.slice(0, titleMax).toWellFormed()
}

function noText(pages: number, wasRecognised: boolean): ExtractError {
  const where = pages === 1 ? 'on its page' : `on any of its ${pages} pages`
  return new ExtractError(
    'no_text',
    wasRecognised
      ? `There is no text ${where}, and text recognition (OCR) found none in their pictures.`
      : `There is no text ${where}: these are probably pictures of text. Run the file through text recognition (OCR) and upload the result.`,
  )
}
