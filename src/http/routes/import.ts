/** Bringing it all back: the tar of an export becomes the library of a user who has none yet. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Request } from 'express'
import { z } from 'zod'
import { Problem, type ProblemCode } from '../../base/problem.ts'
import type { Imports, ImportView } from '../../control/imports.ts'
import type { HttpLimits } from '../limits.ts'
import { type Route, route } from '../route.ts'
import { readTar } from '../tar-reader.ts'
import { watch } from '../upload.ts'
import { json } from '../wire.ts'

/** An answer that takes longer is one that proxies cut: then it says that it is being built. */
const waitMs = 20_000
const mediaType = 'application/x-tar'

export interface ImportOptions {
  readonly imports: Imports
}

const importSchema = z.object({
  state: z.enum(['none', 'receiving', 'building', 'done', 'failed']),
  progress: z.number().describe('of building, 0 to 1'),
  result: z
    .object({
      documents: z.int(),
      passages: z.int(),
      conversations: z.int(),
      messages: z.int(),
      vectors: z.int().describe('taken over; the others are made in the background'),
    })
    .nullable(),
  error: z.object({ code: z.string(), detail: z.string() }).nullable(),
})

export function importRoutes({ imports }: ImportOptions, limits: HttpLimits): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/import',
      scope: 'write',
      audit: 'library.import',
      owner: true,
      summary: 'Bring back what an export took along, into a library that is empty',
      rawBody: { mediaType, schema: { type: 'string', format: 'binary' } },
      reply: json(importSchema, 'It is done, or it is being built: then ask again.'),
      problems: ['conflict', 'quota_exceeded', 'too_large', 'disk_full'],
      handle: async ({ tenant, request }) => {
        checkHeaders(request)
        const stopWatching = watch(request, limits)
        // What a refusal leaves unread is read and dropped, as of any other body.
        const body = request.iterator({ destroyOnReturn: false })
        const { end } = await imports.receive(tenant, readTar(body)).finally(stopWatching)
        const view = await Promise.race([end, sleep(waitMs, undefined, { ref: false })])
        return view ? ended(view) : imports.show(tenant.id)
      },
    }),
    route({
      method: 'get',
      path: '/v1/import',
      scope: 'read',
      owner: true,
      summary: 'How the last import goes, or how it ended',
      reply: json(importSchema, 'Since the server started: `none` where there was none.'),
      handle: ({ tenant }) => imports.show(tenant.id),
    }),
  ]
}

function checkHeaders(request: Request): void {
  if (!request.is([mediaType, 'application/tar', 'application/octet-stream']))
    throw new Problem('unsupported_media_type', `An archive comes as \`${mediaType}\`.`)
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity')
    throw new Problem('unsupported_media_type', 'The archive comes as it is, not compressed.')
}

/** Whoever waited hears of a failure as of any other. */
function ended(view: ImportView): ImportView {
  if (!view.error) return view
  throw new Problem(view.error.code as ProblemCode, view.error.detail)
}
