/** RTF: what WordPad, TextEdit and old word processors write. */
import { ExtractError } from '../contract.ts'
import type { ExtractInput, Extraction } from '../extraction.ts'
import { extractFlow } from '../markup/flow-extraction.ts'
import { RtfReader } from '../rtf/reader.ts'

const titleMax = 300

export async function extractRtf(input: ExtractInput): Promise<Extraction> {
  const { source, charactersMax } = input
  if (!/^\s*\{\\rtf/.test(Buffer.from(source.read(0, 64)).toString('latin1')))
    throw new ExtractError(
      'damaged',
      'The file is not a valid RTF document. Save or export it again, and upload that copy.',
    )
  const reader = new RtfReader(charactersMax)
  return extractFlow(input, {
    items: reader.read(source),
    title: () => reader.title.slice(0, titleMax) || null,
    warnings: () =>
      reader.isCut ? ['The file ends in the middle: what came after that is missing.'] : [],
  })
}
