/** Tells what a file is by looking at it; its name counts only between two kinds of text. */
import { fileTypeFromBuffer } from 'file-type'
import { isZip, type ZipKind, zipKind, zipMediaType } from './archive/zip-kind.ts'
import { charsetOfMark, charsetOfNulls } from './charset.ts'
import { isHtml } from './markup/html-kind.ts'
import { isJsonLines, tableExtension } from './tables/table-kind.ts'

export interface MediaType {
  readonly mediaType: string
  /** Without the dot: how the original is named on disk. */
  readonly extension: string
}

/** What `detectMediaType` wants to see of a file, at most. */
export const headBytes = 64 * 1024

const pdf: MediaType = { mediaType: 'application/pdf', extension: 'pdf' }
const markdown: MediaType = { mediaType: 'text/markdown', extension: 'md' }
const plainText: MediaType = { mediaType: 'text/plain', extension: 'txt' }
const html: MediaType = { mediaType: 'text/html', extension: 'html' }
const rtf: MediaType = { mediaType: 'application/rtf', extension: 'rtf' }
const jsonLines: MediaType = { mediaType: 'application/jsonl', extension: 'jsonl' }
const docx: MediaType = {
  mediaType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  extension: 'docx',
}
const zips: Readonly<Record<ZipKind, MediaType>> = {
  epub: { mediaType: 'application/epub+zip', extension: 'epub' },
  docx,
  odt: { mediaType: 'application/vnd.oasis.opendocument.text', extension: 'odt' },
  archive: { mediaType: zipMediaType, extension: 'zip' },
}
const tables = {
  csv: { mediaType: 'text/csv', extension: 'csv' },
  tsv: { mediaType: 'text/tab-separated-values', extension: 'tsv' },
}

/** For a person whose file was refused. */
export const acceptedMediaTypes =
  'PDF, EPUB, Word (DOCX), OpenDocument text (ODT), RTF, HTML, Markdown, CSV and TSV, JSON Lines, plain text, and ZIP archives of these'

/** What a name promises; text may be anything. */
const formatNames: readonly (readonly [RegExp, string])[] = [
  [/\.pdf$/i, 'PDF'],
  [/\.epub$/i, 'EPUB'],
  [/\.docx$/i, 'Word document (DOCX)'],
  [/\.odt$/i, 'OpenDocument text (ODT)'],
  [/\.rtf$/i, 'RTF document'],
  [/\.x?html?$/i, 'HTML page'],
]

/** The format that a file has by its name, for a person whose file turned out to be none: undefined for other names. */
export function formatOfName(filename: string): string | undefined {
  return formatNames.find(([pattern]) => pattern.test(filename))?.[1]
}

/** Readers accept a PDF whose header comes a little late (ISO 32000-1, Annex H.3.4.1). */
const pdfHeaderWithin = 1024
/** Share of control characters above which a file is no text: a stray form feed or escape sequence is. */
const controlShareMax = 0.02
/** Formats made of text that would be indexed with all their commands. */
const otherTextFormats: ReadonlySet<string> = new Set(['rtf', 'ps', 'eps', 'xml', 'svg', 'pgp'])
/** The container of Word's old documents, and of its new ones when they are encrypted ([MS-CFB]). */
const compoundFile = Buffer.from('d0cf11e0a1b11ae1', 'hex')
/** Markup languages that must not be indexed as text with tags. */
const markup = /^\s*<(?:!doctype\s|\?xml\s|html[\s>]|head[\s>]|body[\s>]|svg[\s>])/i

/**
 * @param head the first `headBytes` of the file, or all of it
 * @param filename as the person called it
 * @returns undefined for what Carrel cannot read, an empty file included
 */
export async function detectMediaType(
  head: Uint8Array,
  filename: string,
): Promise<MediaType | undefined> {
  if (head.length === 0) return undefined
  const text = asText(head)
  const pdfHeaderAt = Buffer.from(head.subarray(0, pdfHeaderWithin)).indexOf('%PDF-')
  // A text about PDF may quote the header; a PDF with something in front of it is called one.
  if (pdfHeaderAt === 0 || (pdfHeaderAt > 0 && (text === undefined || /\.pdf$/i.test(filename))))
    return pdf
  if (text === undefined) return binaryType(head, filename)
  if (isHtml(text, filename)) return html
  if (/^\s*\{\\rtf/.test(text)) return rtf
  if (markup.test(text)) return undefined
  // Two letters make a signature (`BM`, a bitmap), so of clean text only what is a text format counts.
  const known = await fileTypeFromBuffer(head)
  if (known && otherTextFormats.has(known.ext)) return undefined
  return isMarkdownName(filename) ? markdown : recordType(text, filename)
}

function binaryType(head: Uint8Array, filename: string): MediaType | undefined {
  if (isZip(head)) {
    const kind = zipKind(head, filename)
    return kind && zips[kind]
  }
  // An encrypted document gets a word about its password from the reader.
  const isCompound = compoundFile.equals(head.subarray(0, compoundFile.length))
  return isCompound && /\.docx$/i.test(filename) ? docx : undefined
}

function recordType(text: string, filename: string): MediaType {
  if (isJsonLines(text, filename)) return jsonLines
  const table = tableExtension(text, filename)
  return table ? tables[table] : plainText
}

function isMarkdownName(filename: string): boolean {
  return /\.(?:md|markdown|mdown|mkd)$/i.test(filename)
}

/** The head as text, or undefined when its bytes are not characters of any charset in use. */
function asText(head: Uint8Array): string | undefined {
  const charset = charsetOfMark(head) ?? charsetOfNulls(head)
  if (charset === undefined && head.includes(0)) return undefined
  // A legacy charset is not known yet; Latin-1 shows the same control characters as any of them.
  const text = new TextDecoder(charset ?? (isUtf8Head(head) ? 'utf-8' : 'latin1')).decode(head)
  return controlShare(text) > controlShareMax ? undefined : text.replace(/^\ufeff/, '')
}

function isUtf8Head(head: Uint8Array): boolean {
  try {
    // `stream` because the head may end in the middle of a character.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}

/** Control characters that no text has, C1 apart, whose bytes are letters in legacy charsets. */
function controlShare(text: string): number {
  let controls = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    const isBlank = (code >= 0x08 && code <= 0x0d) || code === 0x1b || code === 0x1a
    if (code < 0x20 && !isBlank) controls++
  }
  return controls / Math.max(1, text.length)
}
