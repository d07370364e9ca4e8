/** Reading a document: the text of its pages, its table of contents, its picture, and what was read of each page. */
import { z } from 'zod'
import { isKnown } from '../original.ts'
import { answered, type Route, route } from '../route.ts'
import { json, reportSchema } from '../wire.ts'

/** As in `documents.ts`: any text, since what names no document of the caller's gets one answer. */
const documentParams = z.object({ id: z.string() })

const pageParams = documentParams.extend({
  number: z
    .string()
    .regex(/^[1-9]\d{0,8}$/)
    .transform(Number),
})

const label = z.string().nullable().describe('the printed page number, where there is one')
const pageSchema = z.object({ page: z.int(), label, text: z.string() })

const contentsSchema = z.object({
  items: z.array(
    z.object({
      title: z.string(),
      level: z.int().describe('1 is the highest'),
      page: z.int().nullable().describe('null where the entry leads nowhere'),
      page_label: label,
    }),
  ),
})

/** A page's line is short: a book fits in a few answers. */
const reportLimitMax = 1_000
const reportLimitDefault = 200
const cursorLengthMax = 512
const partSchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(reportLimitMax).default(reportLimitDefault),
  cursor: z.string().min(1).max(cursorLengthMax).optional(),
})

const pagesReportSchema = z.object({
  report: reportSchema.nullable().describe('of the whole document; null before it was read'),
  items: z.array(
    z.object({
      page: z.int(),
      label,
      characters: z.int().describe('UTF-16 units'),
      source: z
        .enum(['text', 'ocr', 'empty'])
        .describe('the document’s own text, text recognised from its picture, or none'),
      language: z.string(),
      is_suspicious: z.boolean().describe('its letters were probably decoded wrongly'),
    }),
  ),
  next_cursor: z.string().nullable(),
})

function thumbnailRoute(): Route {
  return route({
    method: 'get',
    path: '/v1/documents/:id/thumbnail',
    scope: 'read',
    summary: 'A small picture: a PDF’s first page, an EPUB’s cover; If-None-Match is heeded',
    params: documentParams,
    reply: {
      status: 200,
      description: 'PNG, at most 480 pixels high.',
      mediaType: 'image/png',
      more: { 304: 'The client has this picture.' },
    },
    problems: ['not_found'],
    handle: async ({ tenant, params, request, response, signal }) => {
      const { sha256, png } = await tenant.call('documents.thumbnail', params, { signal })
      const etag = `"${sha256}"`
      response.setHeader('ETag', etag)
      response.setHeader('Content-Security-Policy', "sandbox; default-src 'none'")
      if (isKnown(request.headers['if-none-match'], etag)) {
        response.statusCode = 304
        response.end()
        return answered
      }
      response.setHeader('Content-Type', 'image/png')
      response.setHeader('Content-Length', png.length)
      response.end(request.method === 'HEAD' ? undefined : png)
      return answered
    },
  })
}

export function readerRoutes(): Route[] {
  const common = { method: 'get', scope: 'read', problems: ['not_found'] } as const
  return [
    thumbnailRoute(),
    route({
      ...common,
      path: '/v1/documents/:id/pages/:number',
      summary: 'The text of a page',
      params: pageParams,
      missing: 'There is no such page: pages are counted from 1.',
      reply: json(pageSchema, 'The page.'),
      handle: ({ tenant, params, client }) =>
        tenant.callText('documents.page', params, { signal: client }),
    }),
    route({
      ...common,
      path: '/v1/documents/:id/contents',
      summary: 'The table of contents: the file’s own, or its headings',
      params: documentParams,
      reply: json(contentsSchema, 'The entries in order; none where the file has no headings.'),
      handle: ({ tenant, params, client }) =>
        tenant.callText('documents.contents', params, { signal: client }),
    }),
    route({
      ...common,
      path: '/v1/documents/:id/report',
      summary: 'What was read of each page',
      params: documentParams,
      query: partSchema,
      reply: json(pagesReportSchema, 'The report, and a part of its pages in order.'),
      handle: ({ tenant, params: { id }, query: { limit, cursor = null }, client }) =>
        tenant.callText('documents.report', { id, limit, cursor }, { signal: client }),
    }),
  ]
}
