/** What the process that opens a user's databases may say of them, as schemas: a hostile file may have written its words. */
import { z } from 'zod'
import { outline, page, passage, report, text } from './extractor-messages.ts'

/** Of one text of a conversation. */
const messageCharactersMax = 1_000_000
/** Passage ids of a library that goes on living: a far larger id would leave it none. */
export const passageIdMax = 2 ** 35
const seqMax = 2 ** 40
const timeMax = 8.64e15
/** Half of a frame, so that base64 and JSON around it fit. */
const blobCharactersMax = 8_000_000
const dimsMax = 4_096
const itemsMax = 5_000

const seq = z.int().min(1).max(seqMax)
const time = z.int().min(0).max(timeMax)
const count = z.int().min(0)
const language = z.string().regex(/^[a-z]{2,3}$/)
const id = (prefix: string) => z.string().regex(new RegExp(`^${prefix}_[a-z2-7]{26}$`))
const blob = z.base64().max(blobCharactersMax)

/** Reports of earlier versions have fewer fields. */
const anyReport = report.partial().required({
  characters: true,
  empty_pages: true,
  empty_page_numbers: true,
  warnings: true,
})

const document = z.strictObject({
  seq,
  id: id('doc'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  title: text(1_000).min(1),
  isTitleChosen: z.boolean(),
  filename: text(255)
    .min(1)
    .refine((name) => !/[\p{Cc}/\\]/u.test(name)),
  mediaType: z.string().regex(/^[a-z]+\/[a-z0-9.+-]{1,100}$/),
  extension: z.string().regex(/^[a-z0-9]{1,10}$/),
  bytes: count,
  language: language.nullable(),
  languageChosen: language.nullable(),
  isRead: z.boolean(),
  hasJob: z.boolean(),
  error: z.object({ code: z.string().regex(/^[a-z_]{1,40}$/), detail: text(2_000) }).nullable(),
  report: anyReport.nullable(),
  outline: outline.nullable(),
  createdAt: time,
  updatedAt: time,
  tags: z.array(text(64).min(1)).max(32).readonly(),
  png: blob.nullable(),
})
const texts = z.array(text(200)).max(1_000)
const filter = z.strictObject({
  document_ids: texts.optional(),
  tags: texts.optional(),
  media_types: texts.optional(),
  languages: texts.optional(),
})
const conversation = z.strictObject({
  id: id('conv'),
  title: text(1_000),
  filter,
  createdAt: time,
  updatedAt: time,
})
const label = text(200).nullable()
/** Without the sources' text, as it is kept: what else is said of an answer is left out. */
const detail = z.object({
  mode: z.enum(['model', 'extractive', 'none']).optional(),
  model: text(500).nullable().optional(),
  usage: z.record(z.string().max(64), z.number().nullable()).nullable().optional(),
  notice: text(2_000).nullable().optional(),
  passages: z
    .array(
      z.object({
        n: z.int(),
        passage_id: text(64),
        document_id: text(64),
        title: text(1_000),
        page: z.int(),
        page_label: label,
        section: z.array(text(300)).max(16),
      }),
    )
    .max(1_000)
    .optional(),
  citations: z
    .array(
      z.object({
        n: z.int().nullable(),
        kind: z.enum(['quote', 'claim']),
        label: z.enum(['verified', 'close', 'not_found']),
        text: text(100_000),
        answer_start: count,
        answer_end: count,
        document_id: text(64).nullable(),
        page: z.int().nullable(),
        page_label: label,
        start: count.nullable(),
        end: count.nullable(),
      }),
    )
    .max(1_000)
    .optional(),
})
const message = z.strictObject({
  id: id('msg'),
  role: z.enum(['user', 'assistant']),
  text: text(messageCharactersMax),
  detail: detail.nullable(),
  feedback: z.enum(['up', 'down']).nullable(),
  feedbackWhy: text(2_000).nullable(),
  createdAt: time,
})

export const importMessage = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('checked'), documents: count }),
  z.strictObject({ type: z.literal('document'), document }),
  z.strictObject({
    type: z.literal('text'),
    pages: z.array(page).max(itemsMax).readonly(),
    passages: z
      .array(passage.extend({ id: z.int().min(1).max(passageIdMax) }))
      .max(itemsMax)
      .readonly(),
  }),
  z.strictObject({ type: z.literal('conversation'), conversation }),
  z.strictObject({ type: z.literal('messages'), messages: z.array(message).max(itemsMax) }),
  z.strictObject({
    type: z.literal('space'),
    dims: z.int().min(1).max(dimsMax),
    config: z.string().max(4_096),
  }),
  z.strictObject({
    type: z.literal('terms'),
    terms: z.array(z.number()).max(itemsMax),
    idf: z.array(z.number()).max(itemsMax),
    scales: z.array(z.number()).max(itemsMax),
    vectors: blob,
  }),
  z.strictObject({
    type: z.literal('vectors'),
    ids: z.array(z.int().min(1).max(passageIdMax)).max(itemsMax),
    vectors: blob,
  }),
  z.strictObject({ type: z.literal('done') }),
  z.strictObject({ type: z.literal('refused'), why: z.string().max(500) }),
])
export type ImportMessage = z.output<typeof importMessage>
export type ImportedDocument = z.output<typeof document>
export type ImportedConversation = z.output<typeof conversation>
export type ImportedMessage = z.output<typeof message>

/** What the process is told. */
export interface ImportReading {
  readonly directory: string
  readonly hasVecs: boolean
  /** Of the space whose vectors are wanted. */
  readonly fingerprint: string | null
}
