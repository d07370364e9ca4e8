/** Writes a JSON value as lines of `name: value`, what is nested under the names that lead to it. */
import { cleanBlock, cleanLine } from '../markup/clean-block.ts'

/** Deeper values are left out: no person reads them. */
const depthMax = 12
const linesMax = 2_000

/** @returns the lines, empty for a value that says nothing */
export function recordText(value: unknown): string {
  const lines: string[] = []
  addLines(value, '', 0, lines)
  return lines.join('\n')
}

function addLines(value: unknown, name: string, depth: number, lines: string[]): void {
  if (value === null || value === undefined || lines.length >= linesMax || depth > depthMax) return
  if (Array.isArray(value)) addArray(value, name, depth, lines)
  else if (typeof value === 'object')
    for (const [key, inner] of Object.entries(value)) {
      const path = name === '' ? oneLine(key) : `${name}.${oneLine(key)}`
      addLines(inner, path, depth + 1, lines)
    }
  else {
    const text = cleanBlock(String(value)).trim()
    if (text !== '') lines.push(name === '' ? text : `${name}: ${text}`)
  }
}

function addArray(values: readonly unknown[], name: string, depth: number, lines: string[]): void {
  const isPlain = values.every((value) => typeof value !== 'object' || value === null)
  if (isPlain) addLines(values.filter((value) => value !== null).join(', '), name, depth + 1, lines)
  else
    for (const [index, value] of values.entries())
      addLines(value, `${name}[${index + 1}]`, depth + 1, lines)
}

function oneLine(key: string): string {
  return cleanLine(key).slice(0, 200).toWellFormed()
}
