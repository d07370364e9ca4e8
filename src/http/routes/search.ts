/** Search in the caller's library. */
import { z } from 'zod'
import type { TenantHandle } from '../../control/tenant-directory.ts'
import { type Route, route } from '../route.ts'
import { json, tagSchema, tagsMax } from '../wire.ts'

/** Longer than any question; a passage pasted as one still fits. */
const queryLengthMax = 10_000
const hitsMax = 100
const hitsDefault = 10
/** As many as a library page lists, ten times. */
const documentIdsMax = 1_000
const filterValuesMax = 64
const filterValueLengthMax = 128

const modes = ['keyword', 'hybrid', 'semantic'] as const

const querySchema = z
  .string()
  .max(queryLengthMax)
  .refine((query) => query.trim() !== '', 'says nothing to look for')
const modeSchema = z.enum(modes).default('hybrid')
const alphaSchema = z
  .number()
  .min(0)
  .max(1)
  .optional()
  .describe('what the words decide in a hybrid search; the meaning has the rest')
const filterValues = z.array(z.string().min(1).max(filterValueLengthMax)).max(filterValuesMax)

export const filterSchema = z.strictObject({
  document_ids: z.array(z.string().min(1).max(filterValueLengthMax)).max(documentIdsMax).optional(),
  tags: z.array(tagSchema).max(tagsMax).optional(),
  media_types: filterValues.optional(),
  languages: filterValues.optional(),
})

const bodySchema = z.strictObject({
  query: querySchema,
  mode: modeSchema,
  limit: z.int().min(1).max(hitsMax).default(hitsDefault),
  filter: filterSchema.default({}),
  alpha: alphaSchema,
  explain: z.boolean().default(false),
  facets: z.boolean().default(false),
  diversity: z
    .boolean()
    .default(true)
    .describe('false shows neighbours that share text, and any number of hits of one document'),
  per_document_max: z.int().min(1).max(hitsMax).optional().describe('hits of one document at most'),
})

const addressSchema = z.strictObject({
  q: querySchema,
  mode: modeSchema,
  limit: z.coerce.number().int().min(1).max(hitsMax).default(hitsDefault),
})

const explainedSchema = z.object({
  word: z.string(),
  body: z.number().describe('how often it stands there'),
  title: z.number(),
  section: z.number(),
  df: z.int().describe('passages of the library that have it'),
  idf: z.number().describe('what that rarity is worth'),
  score: z.number(),
})

const explainSchema = z.object({
  arms: z
    .array(
      z.object({
        arm: z.string(),
        rank: z.int().nullable().describe('from 1; null where the arm did not find it'),
        raw: z.number().nullable().describe('on the arm’s own scale: BM25, cosine'),
        normalised: z.number().describe('0 to 1; the raw score where one arm was asked'),
        share: z.number(),
      }),
    )
    .describe('their shares add up to the score'),
  words: z.array(explainedSchema).describe('what each word gave to the keyword arm’s raw score'),
})

const facetSchema = z.array(
  z.object({ value: z.string(), count: z.int().describe('passages among the candidates') }),
)

const replySchema = z.object({
  hits: z.array(
    z.object({
      passage_id: z.string(),
      document_id: z.string(),
      title: z.string(),
      page: z.int(),
      page_label: z.string().nullable(),
      start: z
        .int()
        .describe('what the snippet shows of the page: offsets into its text, in UTF-16 units'),
      end: z.int(),
      spans: z
        .array(z.object({ page: z.int(), start: z.int(), end: z.int() }))
        .describe('everything the passage was cut from, in reading order'),
      section: z.array(z.string()),
      text: z.string(),
      snippet: z.string().describe('HTML-escaped text with `<mark>`'),
      score: z.number(),
      more: z
        .array(z.string())
        .describe('passages beside it that share text with it and were found as well'),
      explain: explainSchema.optional().describe('with `explain`, why it is where it is'),
    }),
  ),
  mode: z.enum(modes).describe('what was done: `keyword` while there are no vectors yet'),
  corrected: z
    .array(z.object({ from: z.string(), to: z.string() }))
    .describe('words the library does not have, and what was looked for in their place'),
  facets: z
    .object({
      tags: facetSchema,
      media_types: facetSchema,
      languages: facetSchema,
      documents: z.array(z.object({ value: z.string(), title: z.string(), count: z.int() })),
    })
    .optional()
    .describe('with `facets`, over all candidates, not only the hits shown'),
  took_ms: z.number(),
})

export function searchRoutes(): Route[] {
  const common = {
    path: '/v1/search',
    scope: 'read',
    reply: json(replySchema, 'The passages that fit best, the best first.'),
  } as const
  return [
    route({
      ...common,
      method: 'post',
      summary: 'Search, with everything that can be said about it',
      body: bodySchema,
      handle: ({ tenant, body, signal }) => search(tenant, body, signal),
    }),
    route({
      ...common,
      method: 'get',
      summary: 'Search, from an address',
      query: addressSchema,
      handle: ({ tenant, query: { q, ...rest }, signal }) =>
        search(
          tenant,
          { query: q, ...rest, filter: {}, explain: false, facets: false, diversity: true },
          signal,
        ),
    }),
  ]
}

async function search(
  tenant: TenantHandle,
  args: z.output<typeof bodySchema>,
  signal: AbortSignal,
) {
  const startedMs = performance.now()
  const found = await tenant.call('search', args, { signal })
  return { ...found, took_ms: Math.round((performance.now() - startedMs) * 100) / 100 }
}
