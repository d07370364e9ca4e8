/** Counts what was read of a document's pages, for the report that its owner sees. */
import type { ExtractReport, ReadPage } from './contract.ts'

/** Page numbers that are listed; the counts go on. */
const pagesListedMax = 100
const languagesMax = 20
const warningsMax = 20
const warningLengthMax = 500

export class PageTally {
  pages = 0
  #characters = 0
  #recognised = 0
  readonly #empty = new PageList()
  readonly #suspicious = new PageList()
  readonly #languages = new Map<string, number>()

  add({ number, text, source, language, isSuspicious }: ReadPage): void {
    this.pages++
    this.#characters += text.length
    if (source === 'ocr') this.#recognised++
    if (source === 'empty') this.#empty.add(number)
    else this.#languages.set(language, (this.#languages.get(language) ?? 0) + 1)
    if (isSuspicious) this.#suspicious.add(number)
  }

  report(warnings: readonly string[]): ExtractReport {
    const languages = [...this.#languages].sort((a, b) => b[1] - a[1]).slice(0, languagesMax)
    return {
      summary: this.#summary(),
      characters: this.#characters,
      empty_pages: this.#empty.count,
      empty_page_numbers: this.#empty.listed,
      ocr_pages: this.#recognised,
      suspicious_pages: this.#suspicious.count,
      suspicious_page_numbers: this.#suspicious.listed,
      languages: languages.map(([language, pages]) => ({ language, pages })),
      warnings: warnings
        .slice(0, warningsMax)
        .map((text) => text.slice(0, warningLengthMax).toWellFormed()),
    }
  }

  #summary(): string {
    const all = `${this.pages} ${this.pages === 1 ? 'page' : 'pages'}`
    const empty = this.#empty.count
    const sentences = [
      empty > 0
        ? `${empty} of ${all} ${empty === 1 ? 'has' : 'have'} no text.`
        : `${all}, ${this.pages === 1 ? 'with text' : 'all with text'}.`,
    ]
    if (this.#recognised > 0)
      sentences.push(`The text of ${this.#recognised} was recognised from their pictures (OCR).`)
    if (this.#suspicious.count > 0)
      sentences.push(
        `On ${this.#suspicious.count} the letters are probably not what the page shows: its fonts or its charset do not say what they mean.`,
      )
    return sentences.join(' ')
  }
}

class PageList {
  count = 0
  readonly listed: number[] = []

  add(number: number): void {
    this.count++
    if (this.listed.length < pagesListedMax) this.listed.push(number)
  }
}
