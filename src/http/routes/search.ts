/** Search in the caller's library. */
import { z } from 'zod'
import { Problem } from '../../base/problem.ts'
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
const modeSchema = z.enum(modes).default('keyword')
const filterValues = z.array(z.string().min(1).max(filterValueLengthMax)).max(filterValuesMax)

const filterSchema = z.strictObject({
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
  explain: z.boolean().default(false),
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

const replySchema = z.object({
  hits: z.array(
    z.object({
      passage_id: z.string(),
      document_id: z.string(),
      title: z.string(),
      page: z.int(),
      page_label: z.string().nullable(),
      section: z.array(z.string()),
      text: z.string(),
      snippet: z.string().describe('HTML-escaped text with `<mark>`'),
      score: z.number(),
      explain: z.array(explainedSchema).optional().describe('with `explain`, word by word'),
    }),
  ),
  mode: z.enum(modes),
  corrected: z
    .array(z.object({ from: z.string(), to: z.string() }))
    .describe('words the library does not have, and what was looked for in their place'),
  took_ms: z.number(),
})

export function searchRoutes(): Route[] {
  const common = {
    path: '/v1/search',
    scope: 'read',
    reply: json(replySchema, 'The passages that fit best, the best first.'),
    problems: ['mode_unavailable'],
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
        search(tenant, { query: q, ...rest, filter: {}, explain: false }, signal),
    }),
  ]
}

async function search(
  tenant: TenantHandle,
  args: z.output<typeof bodySchema>,
  signal: AbortSignal,
) {
  if (args.mode !== 'keyword')
    throw new Problem(
      'mode_unavailable',
      `This server does not search in the mode \`${args.mode}\` yet: use \`keyword\`.`,
    )
  const startedMs = performance.now()
  const found = await tenant.call('search', args, { signal })
  return { ...found, took_ms: Math.round((performance.now() - startedMs) * 100) / 100 }
}
