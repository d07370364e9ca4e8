/** A ZIP of documents, taken apart: what in it is a document comes out, the rest is named with the reason. */
import { ExtractError } from '../contract.ts'
import type { ByteSource } from '../extraction.ts'
import { detectMediaType, headBytes } from '../media-type.ts'
import { ZipArchive } from './zip.ts'
import { zipMediaType } from './zip-kind.ts'

/** What file managers put beside people's files. */
const ofTheSystem = /^__MACOSX\/|(?:^|\/)(?:\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)$/i

/** In order: `begin`, its `bytes`, then `end`, or `drop` when it turned out to be damaged; and `skip` between them. */
export type ArchivePart =
  | { readonly type: 'begin'; readonly name: string }
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  | { readonly type: 'end' }
  | { readonly type: 'drop' | 'skip'; readonly name: string; readonly reason: string }

/** @throws ExtractError when the archive cannot be read at all, or is made to harm */
export async function* expandArchive(source: ByteSource): AsyncGenerator<ArchivePart> {
  const archive = await ZipArchive.open(source, 'ZIP archive')
  for (const name of archive.names()) if (!ofTheSystem.test(name)) yield* entryOf(archive, name)
  if (archive.ignored > 0)
    yield {
      type: 'skip',
      name: '',
      reason: `${archive.ignored} entries were left out: links, names that lead out of the archive, or names that were there already.`,
    }
}

/** One damaged file does not spoil the others; what is made to harm ends it all. */
async function* entryOf(archive: ZipArchive, name: string): AsyncGenerator<ArchivePart> {
  let hasBegun = false
  try {
    for await (const part of partsOf(archive, name)) {
      hasBegun ||= part.type === 'begin'
      yield part
    }
  } catch (error) {
    if (!(error instanceof ExtractError) || error.code === 'unsupported') throw error
    const isLocked = error.code === 'password_required'
    const reason = isLocked ? 'It is encrypted with a password.' : 'It is cut off or damaged.'
    yield { type: hasBegun ? 'drop' : 'skip', name, reason }
  }
}

async function* partsOf(archive: ZipArchive, name: string): AsyncGenerator<ArchivePart> {
  let head = Buffer.alloc(0)
  let hasBegun = false
  for await (const bytes of archive.chunks(name)) {
    if (hasBegun) {
      yield { type: 'bytes', bytes }
      continue
    }
    head = Buffer.concat([head, bytes])
    if (head.length < headBytes) continue
    const refusal = await refusalOf(head, name)
    if (refusal !== undefined) {
      yield { type: 'skip', name, reason: refusal }
      return
    }
    hasBegun = true
    yield { type: 'begin', name }
    yield { type: 'bytes', bytes: head }
  }
  if (!hasBegun) {
    const refusal = await refusalOf(head, name)
    if (refusal !== undefined) {
      yield { type: 'skip', name, reason: refusal }
      return
    }
    yield { type: 'begin', name }
    yield { type: 'bytes', bytes: head }
  }
  yield { type: 'end' }
}

/** Looked at here, so that what nobody can read never leaves this process. */
async function refusalOf(head: Buffer, name: string): Promise<string | undefined> {
  if (head.length === 0) return 'It is empty.'
  const type = await detectMediaType(head.subarray(0, headBytes), name)
  if (!type) return 'It is of a kind that cannot be read.'
  if (type.mediaType === zipMediaType) return 'It is an archive inside an archive.'
  return undefined
}
