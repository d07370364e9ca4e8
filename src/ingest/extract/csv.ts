/** Comma- and tab-separated values: each passage has the names of the columns with its rows. */
import { Readable } from 'node:stream'
import { CsvError, type Options, parse } from 'csv-parse'
import { decodeText, detectCharset } from '../charset.ts'
import type { ExtractInput, Extraction } from '../extraction.ts'
import type { FlowItem } from '../markup/flow.ts'
import { extractFlow } from '../markup/flow-extraction.ts'
import { isHeader, sniffDialect } from '../tables/dialect.ts'
import { shapeOf, TableBlocks } from '../tables/table-blocks.ts'
import { extractPlainText } from './plain-text.ts'

/** Characters that are looked at to find the delimiter. */
const sampleCharacters = 64 * 1024
/** A record of a table; more is a quote that was never closed, or no table. */
const recordBytesMax = 1024 * 1024
/** Records that decide how the table is written. */
const sampleRecords = 50

export async function extractCsv(input: ExtractInput): Promise<Extraction> {
  const { source } = input
  const charset = detectCharset(source)
  const { delimiter } = sniffDialect(takeSample(decodeText(source, charset)))
  // Read twice, for once half of the pages are out it is too late to find that a quote was never closed.
  const options = await firstThatWorks(
    [optionsFor(delimiter, '"'), optionsFor(delimiter, null)],
    async (candidate) => await canRead(decodeText(source, charset), candidate),
  )
  if (!options) return await asPlainText(input)
  const counts = { rows: 0, uneven: 0 }
  return extractFlow(input, {
    items: readTable(readRecords(decodeText(source, charset), options), counts),
    title: () => null,
    warnings: () =>
      counts.uneven === 0
        ? []
        : [`${counts.uneven} of ${counts.rows} rows do not have as many cells as the first one.`],
  })
}

function takeSample(pieces: Iterable<string>): string {
  let sample = ''
  for (const piece of pieces) {
    sample += piece
    if (sample.length >= sampleCharacters) break
  }
  return sample.slice(0, sampleCharacters).replace(/\r\n?/g, '\n')
}

function optionsFor(delimiter: string, quote: string | null): Options {
  return {
    delimiter,
    quote,
    bom: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: recordBytesMax,
  }
}

async function firstThatWorks<T>(
  candidates: readonly T[],
  works: (candidate: T) => Promise<boolean>,
): Promise<T | undefined> {
  for (const candidate of candidates) if (await works(candidate)) return candidate
  return undefined
}

async function canRead(pieces: Iterable<string>, options: Options): Promise<boolean> {
  try {
    for await (const _ of readRecords(pieces, options));
    return true
  } catch (error) {
    if (error instanceof CsvError) return false
    throw error
  }
}

async function* readRecords(
  pieces: Iterable<string>,
  options: Options,
): AsyncGenerator<readonly string[]> {
  const parser = parse(options)
  const stream = Readable.from(pieces, { objectMode: false }).on('error', (error) =>
    parser.destroy(error),
  )
  yield* stream.pipe(parser) as AsyncIterable<readonly string[]>
}

async function* readTable(
  records: AsyncIterable<readonly string[]>,
  counts: { rows: number; uneven: number },
): AsyncGenerator<FlowItem> {
  const sample: (readonly string[])[] = []
  let blocks: TableBlocks | undefined
  let columns = 0
  for await (const record of records) {
    counts.rows++
    columns ||= record.length
    if (record.length !== columns) counts.uneven++
    if (blocks) yield* blocks.add(record)
    else if (sample.push(record) === sampleRecords) {
      blocks = begin(sample)
      yield* addAll(blocks, sample)
    }
  }
  if (!blocks) {
    blocks = begin(sample)
    yield* addAll(blocks, sample)
  }
  yield* blocks.end()
}

/** Takes the header out of the sample, if there is one. */
function begin(sample: (readonly string[])[]): TableBlocks {
  const [first = [], ...rows] = sample
  if (!isHeader(first, rows)) return new TableBlocks(shapeOf(null, sample))
  sample.shift()
  return new TableBlocks(shapeOf(first, rows))
}

function* addAll(blocks: TableBlocks, sample: readonly (readonly string[])[]): Generator<FlowItem> {
  for (const record of sample) yield* blocks.add(record)
}

async function asPlainText(input: ExtractInput): Promise<Extraction> {
  const plain = await extractPlainText(input)
  return {
    ...plain,
    end() {
      const { title, outline, warnings } = plain.end()
      const warning = 'The file could not be read as a table; it was read as plain text.'
      return { title, outline, warnings: [warning, ...warnings] }
    },
  }
}
