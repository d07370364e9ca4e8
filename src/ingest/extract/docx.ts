/** DOCX: what Word and its like write since 2007. Pages are those of the program that saved it, if it left marks. */

import { parsePart } from '../archive/part.ts'
import { ZipArchive } from '../archive/zip.ts'
import type { ExtractInput, Extraction } from '../extraction.ts'
import { decodeChunks } from '../markup/decode.ts'
import type { FlowItem } from '../markup/flow.ts'
import { extractFlow } from '../markup/flow-extraction.ts'
import { createMarkupParser, type TagHandler } from '../markup/parser.ts'
import { type BodyOptions, DocxBody } from '../office/docx-body.ts'
import { DocxNotes } from '../office/docx-notes.ts'
import { DocxNumbering } from '../office/docx-numbering.ts'
import { type DocxParts, findParts, readTitle } from '../office/docx-parts.ts'
import { DocxStyles } from '../office/docx-styles.ts'
import { refuseLegacyOffice } from '../office/legacy.ts'

export async function extractDocx(input: ExtractInput): Promise<Extraction> {
  refuseLegacyOffice(input.source)
  const archive = await ZipArchive.open(input.source, 'DOCX')
  const parts = await findParts(archive)
  const title = await readTitle(archive, 'docProps/core.xml')
  const options = await readOptions(archive, parts, input.charactersMax)
  return extractFlow(input, {
    items: readBody(archive, parts.document, options),
    title: () => title,
    warnings: () => [],
  })
}

async function readOptions(
  archive: ZipArchive,
  parts: DocxParts,
  charactersMax: number,
): Promise<BodyOptions> {
  const read = async <T extends TagHandler>(name: string | undefined, handler: T): Promise<T> => {
    if (name !== undefined) await parsePart(archive, name, 'xml', handler)
    return handler
  }
  const notes = {
    footnote: await read(parts.footnotes, new DocxNotes(charactersMax)),
    endnote: await read(parts.endnotes, new DocxNotes(charactersMax)),
  }
  return {
    charactersMax,
    styles: await read(parts.styles, new DocxStyles()),
    numbering: await read(parts.numbering, new DocxNumbering()),
    note: (kind, id) => notes[kind].find(id),
  }
}

async function* readBody(
  archive: ZipArchive,
  name: string,
  options: BodyOptions,
): AsyncGenerator<FlowItem> {
  const body = new DocxBody(options)
  const parser = createMarkupParser(body, 'xml')
  for await (const text of decodeChunks(archive.chunks(name))) {
    parser.write(text)
    yield* body.take()
  }
  parser.end()
  body.end()
  yield* body.take()
}
