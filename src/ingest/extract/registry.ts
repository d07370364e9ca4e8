/** Which extractor reads which media type: a new format is a file in this folder and a line here. */
import type { Extractor } from '../extraction.ts'
import { extractMarkdown } from './markdown.ts'
import { createPdfExtractor } from './pdf.ts'
import { extractPlainText } from './plain-text.ts'

/** Extractors by media type; some keep what they loaded from document to document. */
export function createExtractors(): Readonly<Record<string, Extractor>> {
  return {
    'application/pdf': createPdfExtractor(),
    'text/markdown': extractMarkdown,
    'text/plain': extractPlainText,
  }
}
