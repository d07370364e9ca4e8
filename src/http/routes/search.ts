/** Search in the caller's library. */
import { z } from 'zod'
import { extended, type JsonText } from '../../base/json-text.ts'
import type { TenantHandle } from '../../control/tenant-directory.ts'
import type { Found, Searcher, SearchRequest } from '../../rag/searcher.ts'
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

export const querySchema = z
  .string()
  .max(queryLengthMax)
  .refine((query) => query.trim() !== '', 'says nothing to look for')
export const modeSchema = z.enum(modes).default('hybrid')
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

export const searchBodySchema = z.strictObject({
  query: querySchema,
  mode: modeSchema,
  limit: z.int().min(1).max(hitsMax).default(hitsDefault),
  filter: filterSchema.default({}),
  alpha: alphaSchema,
  fusion: z
    .enum(['weighted', 'rrf'])
    .default('weighted')
    .describe('how the arms become one ranking: by their scores, or by their ranks alone'),
  rerank: z
    .boolean()
    .default(true)
    .describe('whether the reranker, where there is one, orders the best hits anew'),
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

/** What an address cannot say. */
const plain = {
  filter: {},
  fusion: 'weighted',
  rerank: true,
  explain: false,
  facets: false,
  diversity: true,
} as const

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
        normalised: z
          .number()
          .describe('0 to 1; 1 / (60 + rank) with `rrf`; the raw score where one arm was asked'),
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
      rerank_score: z
        .number()
        .optional()
        .describe('what the reranker gave; the order follows it where it is'),
      explain: explainSchema.optional().describe('with `explain`, why it is where it is'),
    }),
  ),
  mode: z
    .enum(modes)
    .describe('what was done: `keyword` while there are no vectors yet, or none of the question'),
  reranked: z.boolean().describe('whether a reranker ordered the best hits'),
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
  filtered: z
    .object({ searched: z.int(), removed: z.int() })
    .optional()
    .describe('with `explain`, passages: what was searched, and what the filter left out'),
  took_ms: z.number(),
})

export function searchRoutes(searcher: Pick<Searcher, 'searchText'>): Route[] {
  const common = {
    path: '/v1/search',
    scope: 'read',
    isSearch: true,
    reply: json(replySchema, 'The passages that fit best, the best first.'),
  } as const
  return [
    route({
      ...common,
      method: 'post',
      summary: 'Search, with everything that can be said about it',
      audit: 'none',
      body: searchBodySchema,
      handle: ({ tenant, body, signal }) => searchTextIn(searcher, tenant, body, signal),
    }),
    route({
      ...common,
      method: 'get',
      summary: 'Search, from an address',
      query: addressSchema,
      handle: ({ tenant, query: { q, ...rest }, signal }) =>
        searchTextIn(searcher, tenant, { query: q, ...rest, ...plain }, signal),
    }),
  ]
}

async function searchTextIn(
  searcher: Pick<Searcher, 'searchText'>,
  tenant: TenantHandle,
  request: SearchRequest,
  signal: AbortSignal,
): Promise<JsonText<Found & Took>> {
  const startedMs = performance.now()
  const found = await searcher.searchText(tenant, request, signal)
  return extended(found, took(startedMs))
}

/** What the MCP tool does, as the route. @throws Problem what the search throws */
export async function searchIn(
  searcher: Pick<Searcher, 'search'>,
  tenant: TenantHandle,
  request: SearchRequest,
  signal: AbortSignal,
): Promise<Found & Took> {
  const startedMs = performance.now()
  const found = await searcher.search(tenant, request, signal)
  return { ...found, ...took(startedMs) }
}

interface Took {
  readonly took_ms: number
}

function took(startedMs: number): Took {
  return { took_ms: Math.round((performance.now() - startedMs) * 100) / 100 }
}
