/** ODT: what LibreOffice and other writers of OpenDocument save. */
import { parsePart } from '../archive/part.ts'
import { ZipArchive } from '../archive/zip.ts'
import { ExtractError } from '../contract.ts'
import type { ExtractInput, Extraction } from '../extraction.ts'
import { decodeChunks } from '../markup/decode.ts'
import type { FlowItem } from '../markup/flow.ts'
import { extractFlow } from '../markup/flow-extraction.ts'
import { createMarkupParser } from '../markup/parser.ts'
import { readTitle } from '../office/docx-parts.ts'
import { OdtBody } from '../office/odt-body.ts'

const contentName = 'content.xml'
const manifestName = 'META-INF/manifest.xml'

export async function extractOdt(input: ExtractInput): Promise<Extraction> {
  const archive = await ZipArchive.open(input.source, 'ODT')
  await refuseEncrypted(archive)
  if (archive.find(contentName) === undefined)
    throw new ExtractError(
      'damaged',
      'The file is not a valid ODT: the document itself is not in it. Save or export it again, and upload that copy.',
    )
  const title = await readTitle(archive, 'meta.xml')
  return extractFlow(input, {
    items: readBody(archive, input.charactersMax),
    title: () => title,
    warnings: () => [],
  })
}

async function* readBody(archive: ZipArchive, charactersMax: number): AsyncGenerator<FlowItem> {
  const body = new OdtBody(charactersMax)
  const parser = createMarkupParser(body, 'xml')
  for await (const text of decodeChunks(archive.chunks(contentName))) {
    parser.write(text)
    yield* body.take()
  }
  parser.end()
  body.end()
  yield* body.take()
}

async function refuseEncrypted(archive: ZipArchive): Promise<void> {
  if (archive.find(manifestName) === undefined) return
  let isEncrypted = false
  await parsePart(archive, manifestName, 'xml', {
    open(name) {
      if (name === 'encryption-data') isEncrypted = true
    },
    close() {},
    text() {},
  })
  if (isEncrypted)
    throw new ExtractError(
      'password_required',
      'The document is encrypted with a password. Save it without one, and upload that copy.',
    )
}
