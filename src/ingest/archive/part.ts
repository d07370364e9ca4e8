/** Reads one part of an archive as markup. */
import { decodeChunks } from '../markup/decode.ts'
import { parseMarkup, type TagHandler } from '../markup/parser.ts'
import type { ZipArchive } from './zip.ts'

/** @throws ExtractError as `ZipArchive.chunks` does, and when tags are nested too deeply */
export async function parsePart(
  archive: ZipArchive,
  name: string,
  mode: 'xml' | 'html',
  handler: TagHandler,
): Promise<void> {
  await parseMarkup(decodeChunks(archive.chunks(name)), mode, handler)
}
