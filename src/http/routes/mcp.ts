/** The library for programs that speak the Model Context Protocol. */
import { z } from 'zod'
import { refuseForeignPage } from '../../auth/same-origin.ts'
import type { Log } from '../../base/log.ts'
import type { TenantHandle } from '../../control/tenant-directory.ts'
import type { Searcher } from '../../rag/searcher.ts'
import { exchangeOf } from '../exchange.ts'
import type { LibraryReader } from '../mcp-tools.ts'
import { answered, type Route, route } from '../route.ts'
import { listDocuments, showDocument } from './documents.ts'
import { searchBodySchema, searchIn } from './search.ts'

export interface McpRouteOptions {
  readonly searcher: Pick<Searcher, 'search'>
  readonly log: Log
  readonly version: string
  readonly publicUrl?: string | undefined
}

const methodLengthMax = 128

/** One message: a list of them would be many requests that are counted as one. */
const bodySchema = z
  .looseObject({
    jsonrpc: z.literal('2.0'),
    id: z.union([z.string().max(methodLengthMax), z.int()]).optional(),
    method: z.string().max(methodLengthMax).optional(),
    params: z.looseObject({}).optional(),
  })
  .meta({
    examples: [
      callOf('search', { query: 'letters', limit: 5 }),
      callOf('read_page', { document_id: 'doc_', page: 1 }),
      callOf('list_documents', { limit: 20 }),
      callOf('get_document', { document_id: 'doc_' }),
      { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    ],
  })

export function mcpRoutes({ searcher, log, version, publicUrl }: McpRouteOptions): Route[] {
  const publicOrigin = publicUrl === undefined ? undefined : new URL(publicUrl).origin
  return [
    route({
      method: 'post',
      path: '/mcp',
      scope: 'read',
      summary: 'One message of the Model Context Protocol (streamable HTTP, without sessions)',
      audit: 'none',
      body: bodySchema,
      reply: {
        status: 200,
        description: 'The answer to a request.',
        mediaType: 'application/json',
        more: { 202: 'A notification was taken.' },
      },
      handle: async ({ tenant, body, request, response, signal }) => {
        refuseForeignPage(request, publicOrigin)
        // Loaded at the first message: a server whose users speak no MCP starts without it.
        const [{ answerMcp }, { createMcpServer }] = await Promise.all([
          import('../mcp.ts'),
          import('../mcp-tools.ts'),
        ])
        const exchange = exchangeOf(response)
        const { id: request_id } = exchange
        const library = readerOf(tenant, searcher, () => {
          exchange.isSearch = true
        })
        const create = () =>
          createMcpServer(library, version, ({ cause }) =>
            log.error({ request_id, route: '/mcp', tenant: tenant.id, err: cause }, 'unforeseen'),
          )
        const answer = await answerMcp(request, body, create, signal)
        const text = await answer.text()
        response.statusCode = answer.status
        if (text !== '') response.setHeader('Content-Type', 'application/json')
        response.end(text)
        return answered
      },
    }),
  ]
}

/** @param onSearch told that the request is one, for what its user used */
function readerOf(
  tenant: TenantHandle,
  searcher: Pick<Searcher, 'search'>,
  onSearch: () => void,
): LibraryReader {
  return {
    search: (request, signal) => {
      onSearch()
      return searchIn(searcher, tenant, searchBodySchema.parse(request), signal)
    },
    page: (id, number, signal) => tenant.call('documents.page', { id, number }, { signal }),
    documents: (query, signal) => listDocuments(tenant, query, signal),
    document: (id, signal) => showDocument(tenant, { id }, signal),
  }
}

function callOf(name: string, args: Record<string, unknown>) {
  return { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }
}
