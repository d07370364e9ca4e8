/** Resumable uploads: bytes appended and synced before they are acknowledged, and a whole file taken as any other upload. */
import type { FileHandle } from 'node:fs/promises'
import type { Request } from 'express'
import { Problem } from '../base/problem.ts'
import type { Part, PartResult } from '../control/partial-files.ts'
import type { TenantHandle } from '../control/tenant-directory.ts'
import { addFiles, type Intake } from './intake.ts'
import type { HttpLimits } from './limits.ts'
import { measureFile } from './received-file.ts'
import { type Checksum, offsetMediaType, readChecksum } from './tus.ts'
import { watch } from './upload.ts'

/** What is wrong with the file itself, and will be however often it is tried. */
const final: ReadonlySet<string> = new Set([
  'invalid_request',
  'unsupported_media_type',
  'too_large',
])

/**
 * Appends the request's body to the part. When the connection is cut, what came is kept and synced.
 * @returns how far the part is now
 * @throws Problem `unsupported_media_type`, `too_large`, `checksum_mismatch`
 */
export async function append(
  tenant: TenantHandle,
  part: Part,
  request: Request,
  limits: HttpLimits,
): Promise<number> {
  if (!request.is(offsetMediaType))
    throw new Problem('unsupported_media_type', `The bytes come as \`${offsetMediaType}\`.`)
  const left = part.info.length - part.offset
  if (Number(request.headers['content-length'] ?? 0) > left) throw tooLong(part)
  const checksum = readChecksum(request)
  await using handle = await tenant.parts.openData(part.id)
  const stopWatching = watch(request, limits)
  let isWhole = false
  try {
    await write(handle, part, request, checksum)
    isWhole = true
  } finally {
    stopWatching()
    // Without all of its bytes a checksum says nothing: then none of them count.
    const isSound = isWhole ? matches(checksum) : checksum === undefined
    if (!isSound) await handle.truncate(part.offset)
    await handle.datasync()
  }
  const { size } = await handle.stat()
  if (checksum && size === part.offset)
    throw new Problem(
      'checksum_mismatch',
      'The bytes are not those of Upload-Checksum: send them again.',
    )
  return size
}

async function write(
  handle: FileHandle,
  part: Part,
  request: Request,
  checksum: Checksum | undefined,
): Promise<void> {
  let offset = part.offset
  // A request that is refused half-way still has to be answered.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    const bytes = chunk as Buffer
    if (offset + bytes.length > part.info.length) throw tooLong(part)
    checksum?.hash.update(bytes)
    for (let at = 0; at < bytes.length; )
      at += (await handle.write(bytes, at, bytes.length - at, offset + at)).bytesWritten
    offset += bytes.length
  }
}

function matches(checksum: Checksum | undefined): boolean {
  return !checksum || checksum.hash.digest().equals(checksum.expected)
}

function tooLong({ info }: Part): Problem {
  return new Problem(
    'too_large',
    `There are more bytes than the ${info.length} that were announced.`,
  )
}

/** Makes sure that what is about to be acknowledged is on the disk: the last server may have died before it was. */
export async function syncPart(tenant: TenantHandle, part: Part): Promise<void> {
  if (part.info.result) return
  await using handle: FileHandle = await tenant.parts.openData(part.id)
  await handle.datasync()
}

/**
 * Takes a whole part as an upload. Again after a failure that was the server's; a file that cannot be a document is removed.
 * @throws Problem as `addFiles`
 */
export async function complete(
  tenant: TenantHandle,
  part: Part,
  intake: Intake,
  signal: AbortSignal,
): Promise<PartResult> {
  if (part.info.result) return part.info.result
  const upload = await tenant.takePart(part.id)
  try {
    const file = await measureFile(upload, part.info.filename)
    const { documents, skipped } = await addFiles(tenant, [file], part.info, intake, signal)
    const result = { documents: documents.map(({ id }) => id), skipped }
    await tenant.parts.finish(part, result)
    return result
  } catch (error) {
    if (error instanceof Problem && final.has(error.code)) await tenant.parts.remove(part.id)
    throw error
  } finally {
    await upload.release()
  }
}
