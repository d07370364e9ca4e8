/** Adding documents: files come in as multipart, are looked at together, and only then become documents. */
import type { Request } from 'express'
import { z } from 'zod'
import { Problem } from '../../base/problem.ts'
import type { TenantHandle } from '../../control/tenant-directory.ts'
import type { HttpLimits } from '../limits.ts'
import { type Route, route } from '../route.ts'
import { type ReceivedFile, receiveUpload, type UploadFields } from '../upload.ts'
import { documentsSchema, json, tagSchema, tagsMax, tagsSchema, titleSchema } from '../wire.ts'

export interface MediaType {
  readonly mediaType: string
  /** Lower case, without a dot. */
  readonly extension: string
}

/** What files are, told by their bytes first and their names second. */
export interface MediaTypes {
  /** @param head the file's first bytes, at most 64 KB */
  readonly detect: (
    head: Uint8Array,
    filename: string,
  ) => MediaType | undefined | Promise<MediaType | undefined>
  /** A list for a person: `PDF, EPUB, …`. */
  readonly accepted: string
}

type KnownFile = ReceivedFile & MediaType

const multipart = {
  mediaType: 'multipart/form-data',
  schema: {
    type: 'object',
    required: ['file'],
    properties: {
      file: {
        type: 'array',
        items: { type: 'string', contentMediaType: 'application/octet-stream' },
        description: 'One or more files.',
      },
      title: { type: 'string', maxLength: 500, description: 'Only with a single file.' },
      tags: {
        type: 'array',
        items: { type: 'string', maxLength: 64 },
        maxItems: tagsMax,
        description: 'Repeated, or one text with commas.',
      },
    },
  },
}

export function uploadRoutes(mediaTypes: MediaTypes, limits: HttpLimits): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/documents',
      scope: 'write',
      summary: 'Add documents; the same bytes again give the same document',
      rawBody: multipart,
      reply: json(documentsSchema, 'Received and durable; they are read in the background.', 202),
      problems: ['quota_exceeded', 'disk_full'],
      handle: ({ tenant, request }) => addDocuments(tenant, request, mediaTypes, limits),
    }),
  ]
}

/**
 * Every file is received and looked at before the first becomes a document: one that is empty or of an unknown kind refuses
 * the whole upload, and nothing of it stays. Then documents are made in the order of their files; where one cannot be
 * (the quota is full), the answer is that problem, says how many came before it, and those stay.
 */
async function addDocuments(
  tenant: TenantHandle,
  request: Request,
  mediaTypes: MediaTypes,
  limits: HttpLimits,
) {
  await using upload = await receiveUpload(request, tenant, limits)
  const { title, tags } = readFields(upload.fields, upload.files.length)
  const files: KnownFile[] = []
  for (const file of upload.files) files.push(await identify(file, mediaTypes))
  const documents = []
  for (const { name, sha256, bytes, filename, mediaType, extension } of files) {
    const args = { uploadName: name, sha256, bytes, filename, title, tags, mediaType, extension }
    try {
      documents.push(await tenant.call('documents.create', args))
    } catch (error) {
      throw withCount(error, documents.length, files.length)
    }
  }
  return { documents }
}

const fieldsSchema = z.strictObject({
  title: titleSchema.optional(),
  tags: z
    .union([z.string(), z.array(z.string())])
    .transform((tags) => [tags].flat().flatMap((tag) => tag.split(',')))
    .transform((tags) => tags.map((tag) => tag.trim()).filter((tag) => tag !== ''))
    .pipe(z.array(tagSchema).pipe(tagsSchema))
    .default([]),
})

function readFields(fields: UploadFields, files: number): { title: string | null; tags: string[] } {
  const parsed = fieldsSchema.safeParse(fields)
  if (!parsed.success) {
    const errors = parsed.error.issues.map(({ path, message }) => ({
      path: path.join('.'),
      message,
    }))
    throw new Problem('invalid_request', 'The upload’s fields are not as they have to be.', {
      errors,
    })
  }
  const { title = null, tags } = parsed.data
  if (title !== null && files > 1)
    throw new Problem('invalid_request', 'A title goes with a single file: leave it out.', {
      errors: [{ path: 'title', message: `there are ${files} files` }],
    })
  return { title, tags }
}

async function identify(file: ReceivedFile, { detect, accepted }: MediaTypes): Promise<KnownFile> {
  if (file.bytes === 0)
    throw new Problem('invalid_request', `The file “${file.filename}” is empty.`, {
      errors: [{ path: 'file', message: 'has no bytes' }],
    })
  const type = await detect(file.head, file.filename)
  if (!type)
    throw new Problem(
      'unsupported_media_type',
      `The file “${file.filename}” is of a kind that cannot be read. Accepted are ${accepted}.`,
    )
  return { ...file, ...type }
}

/** Somebody who sent ten files wants to know which ones to send again. */
function withCount(error: unknown, made: number, of: number): unknown {
  if (!(error instanceof Problem) || of === 1) return error
  const before = made === 0 ? 'None of the files was' : `The first ${made} of ${of} files were`
  return new Problem(error.code, `${error.detail} ${before} added.`, {
    errors: error.errors,
    retryAfterS: error.retryAfterS,
    cause: error.cause,
  })
}
