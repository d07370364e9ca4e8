/** Tells tables and records from running text. */
import { sniffDialect } from './dialect.ts'

/** Prose may have as many commas in three lines as not; a table has them in all of many. */
const rowsMin = 5
const columnsMin = 3
const regularityMin = 0.98
/** A text with a header and rows may be called `.csv` and have one column. */
const tableName = /\.(?:csv|tsv|tab)$/i
const recordsName = /\.(?:jsonl|ndjson|jsonlines)$/i
const sampleCharacters = 64 * 1024

/** @param text the beginning of the file; @returns the usual ending of such a file's name, undefined for no table */
export function tableExtension(text: string, filename: string): 'csv' | 'tsv' | undefined {
  const sample = text.slice(0, sampleCharacters).replace(/\r\n?/g, '\n')
  const { delimiter, columns, regularity, records } = sniffDialect(sample)
  const extension = delimiter === '\t' ? 'tsv' : 'csv'
  if (tableName.test(filename)) return extension
  const isTable = records >= rowsMin && columns >= columnsMin && regularity >= regularityMin
  // A table of Markdown is best read with the text around it.
  return isTable && delimiter !== '|' ? extension : undefined
}

/** Whether lines are JSON values: two of them that are objects, or one where the name says so. */
export function isJsonLines(text: string, filename: string): boolean {
  const isNamed = recordsName.test(filename)
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  if (!/^\s*[[{]/.test(lines[0] ?? '')) return false
  if (isNamed) return true
  // The last line may be cut.
  const complete = lines.slice(0, Math.max(1, lines.length - 1)).slice(0, 3)
  return lines.length >= 2 && complete.every(isObject)
}

function isObject(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
