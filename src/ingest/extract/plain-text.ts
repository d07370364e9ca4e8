/** Plain text in any charset. */
import { decodeText, detectCharset } from '../charset.ts'
import { cleanText, createDehyphenator } from '../clean.ts'
import type { ExtractInput, Extraction, MarkedPage } from '../extraction.ts'
import { checkLimits } from '../limits.ts'
import { cutTextPages } from '../text-pages.ts'

/** A first line up to this, with a blank one below it, is the title. */
const titleMax = 120

export async function extractPlainText(input: ExtractInput): Promise<Extraction> {
  const charset = detectCharset(input.source)
  let title: string | null = null
  async function* pages(): AsyncGenerator<MarkedPage> {
    const dehyphenator = createDehyphenator()
    const limits = checkLimits(input)
    let number = 0
    let isPrinted = false
    function* watched(): Generator<string> {
      for (const piece of decodeText(input.source, charset)) {
        // Form feeds are a printer's pages, with a printer's heads.
        isPrinted ||= piece.includes('\f')
        yield piece
      }
    }
    for (const piece of cutTextPages(watched())) {
      const text = dehyphenator.join(cleanText(piece))
      number++
      limits.page(text.length)
      if (number === 1) title = firstLine(text)
      yield { number, label: null, text, headings: [], wholes: [], isPrinted }
    }
  }
  return {
    pagesTotal: null,
    pages: pages(),
    end: () => ({ title, outline: [], warnings: charsetWarning(charset) }),
  }
}

function firstLine(text: string): string | null {
  const [line = '', next = ''] = text.split('\n', 2)
  return line.length <= titleMax && next === '' && line !== '' ? line.trim() : null
}

function charsetWarning(charset: string): string[] {
  return charset.startsWith('utf-')
    ? []
    : [`The file does not say how its letters are encoded; it was read as ${charset}.`]
}
