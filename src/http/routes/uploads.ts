/** Resumable uploads with tus 1.0: created, sent in pieces, looked at, given up; whole, they are uploads like any other. */
import type { Request, Response } from 'express'
import { z } from 'zod'
import { Problem } from '../../base/problem.ts'
import type { Part } from '../../control/partial-files.ts'
import type { TenantHandle } from '../../control/tenant-directory.ts'
import type { DocumentView } from '../../library/documents.ts'
import { noteTargets } from '../exchange.ts'
import { cleanFilename } from '../filename.ts'
import type { Intake } from '../intake.ts'
import { sendJson } from '../json-body.ts'
import { fileBytesMaxFor, type HttpLimits } from '../limits.ts'
import { append, complete, syncPart } from '../resumable.ts'
import { answered, type DeepReadonly, type Route, route } from '../route.ts'
import {
  byteCount,
  checksumAlgorithms,
  checkVersion,
  offsetMediaType,
  readMetadata,
  tusExtensions,
  tusVersion,
} from '../tus.ts'
import { addedSchema, json, noContent } from '../wire.ts'
import { readFields } from './upload.ts'

const path = '/v1/uploads'
/** In a header; all of them are in the answer to GET. */
const documentsNamedMax = 32
const rawBody = { mediaType: offsetMediaType, schema: { type: 'string', format: 'binary' } }
const one = { path: `${path}/:id`, params: z.object({ id: z.string() }), scope: 'write' } as const

const partSchema = addedSchema.extend({
  id: z.string(),
  filename: z.string(),
  offset: z.int().describe('bytes that are there'),
  length: z.int(),
  expires_at: z.iso.datetime(),
})

interface Sending {
  readonly tenant: TenantHandle
  readonly request: Request
  readonly response: Response
  readonly signal: AbortSignal
}

export function resumableRoutes(intake: Intake, limits: HttpLimits): Route[] {
  return [optionsRoute(limits), ...sendRoutes(intake, limits), ...partRoutes(intake)]
}

function optionsRoute(limits: HttpLimits): Route {
  return route({
    method: 'options',
    path,
    scope: 'public',
    summary: 'What of tus this server can do',
    reply: { ...noContent, description: 'In `Tus-Version`, `Tus-Extension`, `Tus-Max-Size`.' },
    handle: ({ response }) => {
      response.setHeader('Tus-Resumable', tusVersion)
      response.setHeader('Tus-Version', tusVersion)
      response.setHeader('Tus-Extension', tusExtensions)
      response.setHeader('Tus-Max-Size', limits.fileBytesMax)
      response.setHeader('Tus-Checksum-Algorithm', checksumAlgorithms.join(','))
      return undefined
    },
  })
}

function sendRoutes(intake: Intake, limits: HttpLimits): Route[] {
  return [
    route({
      method: 'post',
      path,
      scope: 'write',
      summary: 'Begin a resumable upload (tus 1.0), with its first bytes or without',
      audit: 'document.upload',
      rawBody: { ...rawBody, isOptional: true },
      reply: {
        status: 201,
        description:
          'Its address is in `Location`; `Upload-Metadata` may have filename, title, tags.',
      },
      problems: ['precondition_failed', 'checksum_mismatch', 'quota_exceeded', 'disk_full'],
      handle: async ({ tenant, request, response, signal }) => {
        checkVersion(request, response)
        const announcement = announced(request, fileBytesMaxFor(tenant, limits))
        using _room = await roomFor(tenant, announcement.length)
        const part = await tenant.parts.create(announcement)
        response.setHeader('Location', `${path}/${part.id}`)
        const sending = { tenant, request, response, signal }
        using _hold = await tenant.parts.hold(part.id, () => request.destroy())
        if (request.headers['content-type'] === undefined) show(sending, part)
        else await send(sending, part, intake, limits)
        response.statusCode = 201
        response.end()
        return answered
      },
    }),
    route({
      ...one,
      method: 'patch',
      summary: 'Send bytes of a resumable upload, from `Upload-Offset` on',
      audit: 'document.upload',
      rawBody,
      reply: {
        ...noContent,
        description: 'Kept; with the last byte `Carrel-Documents` names what it became.',
      },
      problems: [
        'not_found',
        'conflict',
        'precondition_failed',
        'checksum_mismatch',
        'quota_exceeded',
        'disk_full',
      ],
      handle: async ({ tenant, params, request, response, signal }) => {
        checkVersion(request, response)
        const sending = { tenant, request, response, signal }
        // A client that lost its connection comes back before we notice: the old request makes room.
        using _hold = await tenant.parts.hold(params.id, () => request.destroy())
        const part = await find(tenant, params.id)
        using _room = part.info.result ? undefined : await roomFor(tenant, part.info.length)
        await send(sending, part, intake, limits)
        return undefined
      },
    }),
  ]
}

function partRoutes(intake: Intake): Route[] {
  return [
    route({
      ...one,
      method: 'get',
      summary: 'How far a resumable upload is, and what it became; HEAD as tus has it',
      audit: 'document.upload',
      reply: json(partSchema, 'The upload.'),
      problems: ['not_found', 'precondition_failed'],
      handle: async ({ tenant, params, request, response, signal }) => {
        if (request.method === 'HEAD') checkVersion(request, response)
        using _hold = await tenant.parts.hold(params.id, () => undefined)
        let part = await find(tenant, params.id)
        await syncPart(tenant, part)
        // The last byte was kept, and the server died before the file was taken.
        if (part.offset === part.info.length) {
          const result = await complete(tenant, part, intake, signal)
          if (!part.info.result) noteTargets(response, result.documents)
          part = { ...part, info: { ...part.info, result } }
        }
        show({ tenant, request, response, signal }, part)
        sendJson(response, 200, await view(tenant, part))
        return answered
      },
    }),
    route({
      ...one,
      method: 'delete',
      summary: 'Give a resumable upload up; documents that it became stay',
      audit: 'upload.delete',
      reply: noContent,
      problems: ['not_found', 'precondition_failed'],
      handle: async ({ tenant, params, request, response }) => {
        checkVersion(request, response)
        using _hold = await tenant.parts.hold(params.id, () => undefined)
        await tenant.parts.remove((await find(tenant, params.id)).id)
        return undefined
      },
    }),
  ]
}

/** What a new upload says of itself. @throws Problem `invalid_request`, `too_large` */
function announced(request: Request, fileBytesMax: number) {
  const length = byteCount(request, 'Upload-Length')
  if (length > fileBytesMax)
    throw new Problem('too_large', `A file has at most ${fileBytesMax} bytes.`)
  if (length === 0)
    throw new Problem('invalid_request', 'An empty file is no document.', {
      errors: [{ path: 'Upload-Length', message: 'is 0' }],
    })
  const metadata = readMetadata(request)
  const [title, tags] = [metadata.get('title'), metadata.get('tags')]
  const chosen = readFields({ ...(title && { title }), ...(tags && { tags }) }, 1)
  const filename = cleanFilename(metadata.get('filename') ?? metadata.get('name') ?? '')
  return { length, filename, ...chosen }
}

async function send(
  sending: Sending,
  part: Part,
  intake: Intake,
  limits: HttpLimits,
): Promise<void> {
  const { tenant, request, signal } = sending
  const isNew = request.method === 'POST'
  if (!isNew && byteCount(request, 'Upload-Offset') !== part.offset)
    throw new Problem(
      'conflict',
      `The upload has ${part.offset} bytes: send those that follow. HEAD says how many there are.`,
    )
  const offset = part.info.result ? part.offset : await append(tenant, part, request, limits)
  const isWhole = offset === part.info.length
  const result = isWhole ? await complete(tenant, { ...part, offset }, intake, signal) : undefined
  if (result && !part.info.result) noteTargets(sending.response, result.documents)
  show(sending, { ...part, offset, info: { ...part.info, ...(result && { result }) } })
}

/** Set aside while a request lasts: between two of them a part is no document, and may never be one. */
async function roomFor(tenant: TenantHandle, bytes: number): Promise<Disposable> {
  const { release } = await tenant.reserve(bytes)
  return { [Symbol.dispose]: release }
}

/** @throws Problem `not_found`, the same for an unknown upload and one of somebody else's */
async function find(tenant: TenantHandle, id: string): Promise<Part> {
  const part = await tenant.parts.find(id)
  if (!part)
    throw new Problem('not_found', 'There is no such upload: it may have expired. Begin it again.')
  return part
}

function show({ tenant, response }: Sending, part: Part): void {
  response.setHeader('Tus-Resumable', tusVersion)
  response.setHeader('Upload-Offset', part.offset)
  response.setHeader('Upload-Length', part.info.length)
  response.setHeader('Upload-Expires', new Date(tenant.parts.expiresAtMs(part)).toUTCString())
  const { documents = [] } = part.info.result ?? {}
  if (documents.length > 0)
    response.setHeader('Carrel-Documents', documents.slice(0, documentsNamedMax).join(','))
}

async function view(
  tenant: TenantHandle,
  part: Part,
): Promise<DeepReadonly<z.output<typeof partSchema>>> {
  const { documents: ids = [], skipped = [] } = part.info.result ?? {}
  const documents: DocumentView[] = []
  for (const id of ids) {
    const document = await tenant.call('documents.get', { id }).catch(ifNotFound)
    if (document) documents.push(document)
  }
  return {
    id: part.id,
    filename: part.info.filename,
    offset: part.offset,
    length: part.info.length,
    expires_at: new Date(tenant.parts.expiresAtMs(part)).toISOString(),
    documents,
    skipped,
  }
}

/** It was deleted since. */
function ifNotFound(error: unknown): undefined {
  if (!(error instanceof Problem) || error.code !== 'not_found') throw error
}
