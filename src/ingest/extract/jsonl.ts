/** JSON Lines: a record a line, each written as `name: value`. */
import { decodeText, detectCharset } from '../charset.ts'
import { ExtractError } from '../contract.ts'
import type { ExtractInput, Extraction } from '../extraction.ts'
import type { FlowItem } from '../markup/flow.ts'
import { extractFlow } from '../markup/flow-extraction.ts'
import { recordText } from '../tables/record-text.ts'

/** A longer line is no record; its parsed form would take many times as much. */
const lineCharactersMax = 4 * 1024 * 1024
/** A record longer than this may be cut at its paragraphs like any text. */
const wholeCharactersMax = 2_000

export async function extractJsonLines(input: ExtractInput): Promise<Extraction> {
  const charset = detectCharset(input.source)
  const counts = { lines: 0, broken: 0, long: 0 }
  return extractFlow(input, {
    items: readRecords(decodeText(input.source, charset), counts),
    title: () => null,
    warnings: () => warningsFor(counts),
  })
}

interface Counts {
  lines: number
  broken: number
  long: number
}

function* readRecords(pieces: Iterable<string>, counts: Counts): Generator<FlowItem> {
  for (const line of readLines(pieces)) {
    if (line?.trim() === '') continue
    counts.lines++
    const value = line === undefined ? undefined : parse(line)
    if (line === undefined) counts.long++
    else if (value === undefined) counts.broken++
    const text = recordText(value)
    const isWhole = text.length <= wholeCharactersMax
    if (text !== '') yield { kind: 'block', block: { text, isWhole } }
  }
  if (counts.lines > 0 && counts.broken + counts.long === counts.lines) throw notJsonLines()
}

/** Lines without their ends; undefined for one that is too long. */
function* readLines(pieces: Iterable<string>): Generator<string | undefined> {
  let open: string | undefined = ''
  for (const piece of pieces) {
    const [first = '', ...others] = piece.split('\n')
    open = lengthen(open, first)
    for (const next of others) {
      yield open
      open = lengthen('', next)
    }
  }
  yield open
}

/** A line that is too long stays so until its end. */
function lengthen(line: string | undefined, part: string): string | undefined {
  if (line === undefined || line.length + part.length > lineCharactersMax) return undefined
  return line + part
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line.replace(/^\ufeff/, '')) ?? undefined
  } catch {
    return undefined
  }
}

function warningsFor({ lines, broken, long }: Counts): string[] {
  const warnings: string[] = []
  if (broken > 0) warnings.push(`${broken} of ${lines} lines are not JSON and were left out.`)
  if (long > 0) warnings.push(`${long} of ${lines} lines are too long and were left out.`)
  return warnings
}

function notJsonLines(): ExtractError {
  return new ExtractError(
    'damaged',
    'No line of the file is JSON. JSON Lines has one complete value on each line; convert the file and upload that.',
  )
}
