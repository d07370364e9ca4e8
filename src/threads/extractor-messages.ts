/** What a reader process may say, as schemas: its words are checked on arrival, for a hostile document may have written them. */
import { z } from 'zod'
import { pageCharactersMax } from '../ingest/limits.ts'
import { blockBytesMax, frameBytesMax } from './extractor-frames.ts'

/** Limits of one value each; a text outside them was not made by our extractors. */
const passageCharactersMax = 8_000
const spansMax = 256
const batchItemsMax = 20_000
const outlineMax = 10_000
const warningsMax = 50
const pagesListedMax = 200
const languagesMax = 50

/** Text as the library stores it: no NUL, no lone surrogate. */
export function text(lengthMax: number) {
  return z
    .string()
    .max(lengthMax)
    .refine((value) => value.isWellFormed() && !value.includes('\0'))
}

/** A picture; a frame holds no longer one. */
const base64 = z.string().max(frameBytesMax)
const count = z.int().min(0)
const pageNumber = z.int().min(1)
const language = z.string().regex(/^[a-z]{2,3}$/)

export const page = z.strictObject({
  number: pageNumber,
  label: text(200).nullable(),
  text: text(pageCharactersMax),
  source: z.enum(['text', 'ocr', 'empty']),
  language,
  isSuspicious: z.boolean(),
})
const span = z.strictObject({ page: pageNumber, start: count, end: count, at: count })
export const passage = z.strictObject({
  section: z.array(text(300)).max(16).readonly(),
  text: text(passageCharactersMax).min(1),
  spans: z.array(span).min(1).max(spansMax).readonly(),
  language,
})
const batch = z.strictObject({
  title: text(1_000).nullable(),
  pages: z.array(page).max(batchItemsMax).readonly(),
  passages: z.array(passage).max(batchItemsMax).readonly(),
  pagesDone: count,
  pagesTotal: count.nullable(),
})
export const report = z.strictObject({
  summary: text(1_000),
  characters: count,
  empty_pages: count,
  empty_page_numbers: z.array(pageNumber).max(pagesListedMax).readonly(),
  ocr_pages: count,
  suspicious_pages: count,
  suspicious_page_numbers: z.array(pageNumber).max(pagesListedMax).readonly(),
  languages: z
    .array(z.strictObject({ language, pages: count }))
    .max(languagesMax)
    .readonly(),
  warnings: z.array(text(1_000)).max(warningsMax).readonly(),
})
export const outline = z
  .array(
    z.strictObject({
      title: text(1_000),
      level: z.int().min(1).max(64),
      page: pageNumber.nullable(),
    }),
  )
  .max(outlineMax)
  .readonly()
const summary = z.strictObject({
  pages: count,
  passages: count,
  title: text(1_000).nullable(),
  language,
  outline,
  report,
})
const failure = z.strictObject({
  code: z.enum([
    'password_required',
    'no_text',
    'damaged',
    'unsupported',
    'out_of_time',
    'out_of_memory',
    'too_much_text',
    'too_many_pages',
    'reader_crashed',
  ]),
  detail: text(2_000),
})

export const readMessage = z.strictObject({
  type: z.literal('read'),
  position: count,
  length: z.int().min(1).max(blockBytesMax),
})
export const failureMessage = z.strictObject({ type: z.literal('failed'), failure })

/** What a child says about a document. */
export const childMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  readMessage,
  z.strictObject({ type: z.literal('batch'), batch }),
  z.strictObject({ type: z.literal('ocr'), page: pageNumber, png: base64.nullable() }),
  z.strictObject({ type: z.literal('thumbnail'), png: base64.nullable() }),
  z.strictObject({ type: z.literal('done'), summary }),
  failureMessage,
])
export type ChildMessage = z.output<typeof childMessage>
