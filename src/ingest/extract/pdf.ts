/** PDF, by PDFium. */
import { cleanText, createDehyphenator } from '../clean.ts'
import type { OutlineEntry } from '../contract.ts'
import type { ExtractInput, Extraction, Extractor, Heading, MarkedPage } from '../extraction.ts'
import { checkLimits, tooManyPages } from '../limits.ts'
import { damaged, PdfDocument } from '../pdf/document.ts'
import { type Guard, PdfiumHost } from '../pdf/host.ts'
import { ScannedPages } from '../pdf/scanned-pages.ts'

const labelMax = 40
const titleMax = 300

/** An extractor that loads PDFium at its first document. */
export function createPdfExtractor(host = new PdfiumHost()): Extractor {
  return async (input) => {
    const { pdfium, guard } = await host.load()
    return readPdf(
      input,
      guard,
      guard(() => new PdfDocument(pdfium, input.source)),
    )
  }
}

function readPdf(input: ExtractInput, guard: Guard, document: PdfDocument): Extraction {
  const { pageCount } = document
  if (pageCount > input.pagesMax) throw tooManyPages(input.pagesMax)
  if (pageCount === 0) throw damaged()
  const outline = guard(() => document.outline()).map((entry) => ({
    ...entry,
    title: cleanTitle(entry.title),
  }))
  const title = usableTitle(cleanTitle(document.title()))
  const warnings: string[] = []
  async function* pages(): AsyncGenerator<MarkedPage> {
    const limits = checkLimits(input)
    const dehyphenator = createDehyphenator()
    const scans = input.recogniser && new ScannedPages(input.recogniser)
    const byPage = Map.groupBy(outline, ({ page }) => page)
    let broken = 0
    for (let index = 0; index < pageCount; index++) {
      const { isBroken, isRecognised, ...read } = guard(() => readPage(document, index, scans))
      if (isBroken) broken++
      const number = index + 1
      const text = dehyphenator.join(read.text)
      limits.page(text.length)
      const label = document.pageLabel(index)?.slice(0, labelMax).toWellFormed() ?? null
      yield {
        number,
        label,
        text,
        headings: findHeadings(text, byPage.get(number) ?? []),
        wholes: [],
        isPrinted: true,
        isRecognised,
      }
    }
    guard(() => document.close())
    if (broken * 2 >= pageCount) throw damaged()
    if (scans) warnings.push(...scans.warnings())
    if (broken > 0) warnings.push(`${broken} of ${pageCount} pages are damaged and were left out.`)
  }
  return { pagesTotal: pageCount, pages: pages(), end: () => ({ title, outline, warnings }) }
}

/** The page's own text; where it has none, what can be recognised of its picture. */
function readPage(
  document: PdfDocument,
  index: number,
  scans: ScannedPages | undefined,
): { text: string; isBroken: boolean; isRecognised: boolean } {
  const raw = document.pageText(index)
  const text = cleanText(raw ?? '')
  const isBroken = raw === undefined
  if (text !== '' || isBroken || !scans) return { text, isBroken, isRecognised: false }
  return { text: cleanText(scans.read(document, index + 1)), isBroken, isRecognised: true }
}

function cleanTitle(title: string): string {
  return cleanText(title).replace(/\s+/g, ' ').slice(0, titleMax).trim()
}

/** Many programs write the name of a file, of a template or of themselves where a title should be. */
function usableTitle(title: string): string | null {
  const bare = title.replace(/^Microsoft (?:Word|PowerPoint|Excel) - /i, '')
  const isName = /\.[a-z]{2,5}$|^(?:untitled|document|title|presentation|slide)[\s\d]*$/i.test(bare)
  const letters = bare.match(/\p{L}/gu)?.length ?? 0
  return isName || letters < 2 || letters * 3 < bare.replace(/\s/g, '').length ? null : bare
}

/** Where the outline's entries for this page stand in its text; an entry that is not found stands for the whole page. */
function findHeadings(text: string, entries: readonly OutlineEntry[]): Heading[] {
  const headings: Heading[] = []
  let from = 0
  for (const { title, level } of entries) {
    const at = findTitle(text, title, from)
    headings.push({ at: at ?? from, level, title })
    from = at ?? from
  }
  return headings
}

/** Titles are set in capitals, or over two lines, or with other spaces: letters are compared, no more. */
function findTitle(text: string, title: string, from: number): number | undefined {
  const words = title.match(/[\p{L}\p{N}]+/gu) ?? []
  if (words.length === 0) return undefined
  const pattern = words.slice(0, 12).join('[^\\p{L}\\p{N}]{1,8}')
  const match = new RegExp(`(?<![\\p{L}\\p{N}])${pattern}`, 'iu').exec(text.slice(from))
  if (!match) return undefined
  // The line's own beginning, so that a number in front of the title stays with it.
  return Math.max(from, text.lastIndexOf('\n', from + match.index) + 1)
}
