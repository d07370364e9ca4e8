/** Documents: list, read, change, delete, their originals. Adding them is `upload.ts`, reading them `reader.ts`. */
import { z } from 'zod'
import type { TenantHandle } from '../../control/tenant-directory.ts'
import type { DocumentView } from '../../library/documents.ts'
import type { HttpLimits } from '../limits.ts'
import { sendOriginal } from '../original.ts'
import { answered, type Route, route } from '../route.ts'
import {
  documentListSchema,
  documentSchema,
  json,
  languageSchema,
  listQuerySchema,
  noContent,
  tagsSchema,
  titleSchema,
} from '../wire.ts'

/**
 * Any text: whatever names no document of the caller's gets the shard's one answer, so that an id of somebody else's, an
 * unknown one and none at all cannot be told apart.
 */
const documentParams = z.object({ id: z.string() })

const originalQuery = z.strictObject({
  inline: z.enum(['0', '1']).default('0').describe('1: to be shown, which only a PDF can be'),
})

const changeSchema = z
  .strictObject({
    title: titleSchema.optional(),
    tags: tagsSchema.optional(),
    language: languageSchema.optional(),
  })
  .refine(
    (change) => Object.values(change).some((value) => value !== undefined),
    'nothing to change',
  )

const one = {
  path: '/v1/documents/:id',
  params: documentParams,
  problems: ['not_found'],
} as const

export function documentRoutes(limits: HttpLimits): Route[] {
  return [...rowRoutes(), ...jobRoutes(), originalRoute(limits)]
}

function rowRoutes(): Route[] {
  return [
    route({
      ...one,
      method: 'get',
      scope: 'read',
      summary: 'One document',
      reply: json(documentSchema, 'The document.'),
      handle: ({ tenant, params, client }) =>
        tenant.events.progressOf(params.id) === undefined
          ? tenant.callText('documents.get', params, { signal: client })
          : showDocument(tenant, params, client),
    }),
    route({
      method: 'get',
      path: '/v1/documents',
      scope: 'read',
      summary: 'The documents, newest first',
      query: listQuerySchema,
      reply: json(documentListSchema, 'A page of documents.'),
      handle: ({ tenant, query, client }) => {
        if (tenant.events.isReading) return listDocuments(tenant, query, client)
        const { limit, cursor = null } = query
        return tenant.callText('documents.list', { limit, cursor }, { signal: client })
      },
    }),
    route({
      ...one,
      method: 'patch',
      scope: 'write',
      summary: 'Change the title, the tags or the language',
      audit: 'document.change',
      body: changeSchema,
      reply: json(documentSchema, 'The document as it is now.'),
      // No signal: what was asked to be written is written, whether or not the client waits.
      handle: ({ tenant, params, body }) =>
        tenant.call('documents.update', { id: params.id, ...body }),
    }),
    route({
      ...one,
      method: 'delete',
      scope: 'write',
      summary: 'Delete a document with all that was made of it',
      audit: 'document.delete',
      reply: noContent,
      handle: async ({ tenant, params }) => {
        await tenant.call('documents.delete', params)
        return undefined
      },
    }),
  ]
}

/** @throws Problem `not_found` */
export async function showDocument(
  tenant: TenantHandle,
  { id }: { readonly id: string },
  signal: Pick<AbortSignal, 'aborted'>,
): Promise<DocumentView> {
  return withProgress(tenant, await tenant.call('documents.get', { id }, { signal }))
}

/** A page of the documents, newest first. @throws Problem `invalid_request` for a cursor that is none of ours */
export async function listDocuments(
  tenant: TenantHandle,
  { limit, cursor = null }: { readonly limit: number; readonly cursor?: string | null | undefined },
  signal: Pick<AbortSignal, 'aborted'>,
): Promise<{ items: DocumentView[]; next_cursor: string | null }> {
  const page = await tenant.call('documents.list', { limit, cursor }, { signal })
  return { ...page, items: page.items.map((document) => withProgress(tenant, document)) }
}

/** What the library knows is as old as the last batch that was written; whoever reads knows its pace. */
function withProgress(tenant: TenantHandle, document: DocumentView): DocumentView {
  if (document.status !== 'processing') return document
  return { ...document, progress: tenant.events.progressOf(document.id) ?? document.progress }
}

function jobRoutes(): Route[] {
  return [
    route({
      ...one,
      method: 'post',
      path: '/v1/documents/:id/reprocess',
      scope: 'write',
      summary: 'Read the original again',
      audit: 'document.reprocess',
      reply: json(documentSchema, 'Queued; its present text stays searchable until then.', 202),
      handle: ({ tenant, params }) => tenant.call('documents.reprocess', params),
    }),
    route({
      ...one,
      method: 'post',
      path: '/v1/documents/:id/cancel',
      scope: 'write',
      summary: 'Stop reading the document',
      audit: 'document.cancel',
      reply: json(documentSchema, 'The document: with its earlier text, or failed as `cancelled`.'),
      handle: ({ tenant, params }) => tenant.call('documents.cancel', params),
    }),
  ]
}

function originalRoute(limits: HttpLimits): Route {
  return route({
    ...one,
    method: 'get',
    path: '/v1/documents/:id/original',
    scope: 'read',
    query: originalQuery,
    summary: 'The bytes as they were uploaded; one Range, If-None-Match and If-Range are heeded',
    reply: {
      status: 200,
      description: 'The bytes, to be saved; with `inline=1` a PDF is to be shown, in a sandbox.',
      mediaType: 'application/octet-stream',
      more: { 206: 'The range that was asked for.', 304: 'The client has these bytes.' },
    },
    problems: ['not_found', 'range_not_satisfiable'],
    handle: async ({ tenant, params, query, request, response, signal }) => {
      const isInline = query.inline === '1'
      const { idleMs } = limits
      await sendOriginal(tenant, params.id, { request, response, signal, isInline, idleMs })
      return answered
    },
  })
}
