/** Adding a document by its address on the web: fetched here, then an upload like any other. Off unless the operator allows it. */
import { Readable } from 'node:stream'
import { parse as parseDisposition } from 'content-disposition'
import { z } from 'zod'
import { Problem } from '../../base/problem.ts'
import type { TenantHandle } from '../../control/tenant-directory.ts'
import type { UploadFile } from '../../control/upload-file.ts'
import { type Fetched, type FetchOptions, fetchUrl } from '../fetch-url.ts'
import { addFiles, type Intake } from '../intake.ts'
import { fileBytesMaxFor, type HttpLimits } from '../limits.ts'
import { receiveFile } from '../received-file.ts'
import { type Route, route } from '../route.ts'
import { addedSchema, json, tagsSchema, titleSchema } from '../wire.ts'

const urlLengthMax = 2_048
/** At once, for one tenant and over all. */
const ownMax = 2
const allMax = 16

export type FromUrl = Pick<FetchOptions, 'resolve' | 'isAllowed'>

const bodySchema = z.strictObject({
  url: z.string().min(1).max(urlLengthMax).describe('http or https, on the open internet'),
  title: titleSchema.optional(),
  tags: tagsSchema.default([]),
})

/** @param fromUrl how addresses are resolved and judged; undefined where fetching is not allowed */
export function fromUrlRoutes(
  intake: Intake,
  limits: HttpLimits,
  fromUrl: FromUrl | undefined,
): Route[] {
  const fetching = new Map<string, number>()
  return [
    route({
      method: 'post',
      path: '/v1/documents/from-url',
      scope: 'write',
      summary: 'Add a document by its address on the web, where the operator allows it',
      audit: 'document.upload',
      body: bodySchema,
      reply: json(addedSchema, 'Fetched and durable; it is read in the background.', 202),
      problems: ['forbidden', 'fetch_failed', 'quota_exceeded', 'disk_full'],
      handle: async ({ tenant, body, signal }) => {
        if (!fromUrl)
          throw new Problem('forbidden', 'This server does not fetch addresses: upload the file.')
        using _turn = takeTurn(fetching, tenant.id)
        const options = {
          ...fromUrl,
          bytesMax: fileBytesMaxFor(tenant, limits),
          idleMs: limits.idleMs,
          bytesPerSecondMin: limits.uploadBytesPerSecondMin,
          signal,
        }
        return await add(tenant, body, intake, options)
      },
    }),
  ]
}

async function add(
  tenant: TenantHandle,
  { url, title, tags }: z.output<typeof bodySchema>,
  intake: Intake,
  options: FetchOptions,
) {
  // How long it is nobody knows before it is there: as much as there is room for, up to a file.
  const reservation = await tenant.reserve(options.bytesMax, 1)
  let upload: UploadFile | undefined
  try {
    const fetched = await fetchUrl(url, options)
    upload = await tenant.openUpload()
    const file = await receiveFile(upload, Readable.from(fetched.body), filenameOf(fetched))
    return await addFiles(tenant, [file], { title: title ?? null, tags }, intake, options.signal)
  } finally {
    await upload?.release()
    reservation.release()
  }
}

/** What the other server calls it, else the last part of the address. */
function filenameOf({ url, contentDisposition }: Fetched): string {
  const last = url.pathname.split('/').findLast((part) => part !== '') ?? url.hostname
  return dispositionName(contentDisposition) ?? decoded(last)
}

function dispositionName(header: string | undefined): string | undefined {
  try {
    const { filename } = parseDisposition(header ?? '').parameters
    return filename === '' ? undefined : filename
  } catch {
    return undefined
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function takeTurn(fetching: Map<string, number>, tenant: string): Disposable {
  const own = fetching.get(tenant) ?? 0
  const all = fetching.values().reduce((sum, count) => sum + count, 0)
  if (own >= ownMax || all >= allMax)
    throw new Problem('too_many_requests', 'Other files are being fetched: try again later.', {
      retryAfterS: 10,
    })
  fetching.set(tenant, own + 1)
  return {
    [Symbol.dispose]: () => {
      const left = (fetching.get(tenant) ?? 1) - 1
      if (left === 0) fetching.delete(tenant)
      else fetching.set(tenant, left)
    },
  }
}
