/** Which extractor reads which media type: a new format is a file in this folder and a line here. */
import type { Extractor } from '../extraction.ts'
import type { PdfiumHost } from '../pdf/host.ts'
import { extractMarkdown } from './markdown.ts'
import { createPdfExtractor } from './pdf.ts'
import { extractPlainText } from './plain-text.ts'

/** Extractors by media type; those of archives and markup load their libraries with their first document. Some keep what they loaded from document to document. */
export function createExtractors(host?: PdfiumHost): Readonly<Record<string, Extractor>> {
  return {
    'application/pdf': createPdfExtractor(host),
    'application/epub+zip': async (input) => (await import('./epub.ts')).extractEpub(input),
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document': async (input) =>
      (await import('./docx.ts')).extractDocx(input),
    'application/vnd.oasis.opendocument.text': async (input) =>
      (await import('./odt.ts')).extractOdt(input),
    'application/rtf': async (input) => (await import('./rtf.ts')).extractRtf(input),
    'application/jsonl': async (input) => (await import('./jsonl.ts')).extractJsonLines(input),
    'text/html': async (input) => (await import('./html.ts')).extractHtml(input),
    'text/csv': async (input) => (await import('./csv.ts')).extractCsv(input),
    'text/tab-separated-values': async (input) => (await import('./csv.ts')).extractCsv(input),
    'text/markdown': extractMarkdown,
    'text/plain': extractPlainText,
  }
}
