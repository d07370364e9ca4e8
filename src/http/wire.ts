/** The shapes that several routes speak: documents, lists, problems. The descriptions in OpenAPI come from them. */
import { z } from 'zod'
import { Problem } from '../base/problem.ts'
import type { Reply } from './route.ts'

/** A list page: no more than a client can show, no more than a shard reads in a millisecond. */
const listLimitMax = 100
const listLimitDefault = 50
/** Ours are ten characters; room for other forms. */
const cursorLengthMax = 512
export const tagsMax = 32
export const tagLengthMax = 64
const titleLengthMax = 500

const time = z.iso.datetime().describe('ISO 8601, UTC')

export const tagSchema = z.string().trim().min(1).max(tagLengthMax)
export const tagsSchema = z.array(tagSchema).max(tagsMax)
/** Where what was detected is wrong; the document is indexed again in the background. */
export const languageSchema = z
  .string()
  .regex(/^[a-z]{2,3}$/, 'a code of ISO 639, such as `de`')
  .describe('ISO 639: for a document whose language was not recognised')
export const titleSchema = z.string().trim().min(1).max(titleLengthMax)

const pageNumbers = z.array(z.int()).describe('the first hundred of them')

/** What was read of a document. Reports of earlier versions have fewer fields. */
export const reportSchema = z.object({
  summary: z.string().optional().describe('for a person: `12 of 240 pages have no text.`'),
  characters: z.int(),
  empty_pages: z.int(),
  empty_page_numbers: pageNumbers,
  ocr_pages: z.int().optional().describe('pages whose text was recognised from their picture'),
  suspicious_pages: z
    .int()
    .optional()
    .describe('pages whose letters were probably decoded wrongly'),
  suspicious_page_numbers: pageNumbers.optional(),
  languages: z.array(z.object({ language: z.string(), pages: z.int() })).optional(),
  warnings: z.array(z.string()),
})

export const documentSchema = z.object({
  id: z.string(),
  title: z.string(),
  filename: z.string(),
  media_type: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  language: z.string().nullable().describe('ISO 639-1, `und` where nothing is certain'),
  pages: z.int().nullable(),
  passages: z.int(),
  tags: z.array(z.string()),
  status: z.enum(['queued', 'processing', 'ready', 'failed']),
  progress: z
    .object({
      phase: z.enum(['waiting', 'opening', 'reading', 'publishing']),
      pages_done: z.int(),
      pages_total: z.int().nullable(),
      fraction: z.number().nullable().describe('0 to 1; null while `pages_total` is unknown'),
      seconds_left: z.number().nullable().describe('at the pace so far'),
    })
    .nullable()
    .describe('null unless it is waiting or being read'),
  error: z
    .object({ code: z.string(), detail: z.string() })
    .nullable()
    .describe('why it could not be read'),
  report: reportSchema
    .nullable()
    .describe('what was read, and what was not; null before it was read'),
  created_at: time,
  updated_at: time,
})

export const documentListSchema = z.object({
  items: z.array(documentSchema),
  next_cursor: z.string().nullable().describe('the `cursor` of the next page; null on the last'),
})

export const documentsSchema = z.object({ documents: z.array(documentSchema) })

/** What came of an upload. */
export const addedSchema = z.object({
  documents: z.array(documentSchema),
  skipped: z
    .array(z.object({ archive: z.string(), name: z.string(), reason: z.string() }))
    .describe('entries of ZIP archives that became no documents'),
})

export const listQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(listLimitMax).default(listLimitDefault),
  cursor: z.string().min(1).max(cursorLengthMax).optional(),
})

export const receiptSchema = z.object({
  statement: z.string().describe('what was removed, as the JSON text that was signed'),
  sha256: z.string().describe('of the statement'),
  signature: z.string().describe('Ed25519 over the statement, base64'),
  public_key: z.string().describe('of this server, SPKI, base64'),
})

/** The same question for a deletion by its user and by the operator. */
export const confirmSchema = z.strictObject({
  confirm: z.string().describe('the user id, once more'),
})

/** @throws Problem `invalid_request` unless the user id was repeated exactly */
export function refuseUnconfirmed(confirm: string, userId: string): void {
  if (confirm !== userId)
    throw new Problem(
      'invalid_request',
      'Nothing was deleted: `confirm` has to be the user id, exactly.',
      { errors: [{ path: 'confirm', message: 'is not the user id' }] },
    )
}

export const problemSchema = z.object({
  type: z.string().describe('`urn:carrel:problem:` and the code'),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('for a person: what happened, and what to do'),
  code: z.string().describe('for a program; stable'),
  request_id: z.string().describe('as in the header X-Request-Id and in the server’s log'),
  errors: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .optional()
    .describe('for bad input: each fault with its place'),
  quota: z
    .object({ which: z.string(), used: z.int(), limit: z.int() })
    .optional()
    .describe('for `quota_exceeded`: which share is used up'),
})

/** Schemas that get a name of their own in the description. */
export const namedSchemas: Readonly<Record<string, z.ZodType>> = {
  Document: documentSchema,
  Problem: problemSchema,
}

export function json<R extends z.ZodType>(
  schema: R,
  description: string,
  status: 200 | 201 | 202 = 200,
): Reply<R> {
  return { status, description, schema }
}

export const noContent: Reply<z.ZodUndefined> = { status: 204, description: 'Done; no content.' }
