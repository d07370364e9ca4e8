/** Adding documents: files come in as multipart, are looked at together, and only then become documents. */
import type { Request } from 'express'
import { z } from 'zod'
import { Problem } from '../../base/problem.ts'
import type { TenantHandle } from '../../control/tenant-directory.ts'
import { addFiles, type Chosen, type Intake, titleForMany } from '../intake.ts'
import { fileBytesMaxFor, type HttpLimits } from '../limits.ts'
import { type Route, route } from '../route.ts'
import { receiveUpload, type UploadFields } from '../upload.ts'
import { addedSchema, json, tagSchema, tagsMax, tagsSchema, titleSchema } from '../wire.ts'

const multipart = {
  mediaType: 'multipart/form-data',
  schema: {
    type: 'object',
    required: ['file'],
    properties: {
      file: {
        type: 'array',
        items: { type: 'string', contentMediaType: 'application/octet-stream' },
        description: 'One or more files, or ZIP archives of files.',
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

export function uploadRoutes(intake: Intake, limits: HttpLimits): Route[] {
  return [
    route({
      method: 'post',
      path: '/v1/documents',
      scope: 'write',
      summary: 'Add documents; the same bytes again give the same document',
      audit: 'document.upload',
      rawBody: multipart,
      reply: json(addedSchema, 'Received and durable; they are read in the background.', 202),
      problems: ['quota_exceeded', 'disk_full'],
      handle: ({ tenant, request, signal }) =>
        addDocuments(tenant, request, intake, { limits, signal }),
    }),
  ]
}

async function addDocuments(
  tenant: TenantHandle,
  request: Request,
  intake: Intake,
  { limits, signal }: { limits: HttpLimits; signal: AbortSignal },
) {
  await using upload = await receiveUpload(request, tenant, {
    ...limits,
    fileBytesMax: fileBytesMaxFor(tenant, limits),
  })
  const chosen = readFields(upload.fields, upload.files.length)
  return await addFiles(tenant, upload.files, chosen, intake, signal)
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

/** What a person says about files. @throws Problem `invalid_request` */
export function readFields(fields: UploadFields, files: number): Chosen {
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
  if (title !== null && files > 1) throw titleForMany(files)
  return { title, tags }
}
