/** Finds out how a text file's characters are encoded, and decodes it piece by piece. */
import { analyse } from 'chardet'
import type { ByteSource } from './extraction.ts'

const chunkBytes = 256 * 1024
/** What statistics are made of: more does not make them better. */
const sampleBytes = 64 * 1024
/** Guesses of chardet that are tried, best first. */
const guessesMax = 5
/** It seldom names these unless the text is long; a plausible reading shows whether they fit. */
const usualSuspects = ['windows-1252', 'windows-1251', 'koi8-r', 'windows-874', 'windows-1250']
/** From here on chardet's own opinion is taken, if it decodes. */
const confidenceSure = 80

/** An encoding's label as WHATWG's Encoding Standard has it: one that `TextDecoder` takes. */
export type Charset = string

/** By byte-order mark, then as strict UTF-8, then as UTF-16 without a mark, then by statistics. Reads the file once. */
export function detectCharset(source: ByteSource): Charset {
  const sample = source.read(0, sampleBytes)
  const marked = charsetOfMark(sample) ?? charsetOfNulls(sample)
  if (marked) return marked
  return isUtf8(source) ? 'utf-8' : guessCharset(sample)
}

/** @returns undefined without a byte-order mark */
export function charsetOfMark(bytes: Uint8Array): Charset | undefined {
  const [a, b, c] = bytes
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8'
  if (a === 0xff && b === 0xfe) return 'utf-16le'
  if (a === 0xfe && b === 0xff) return 'utf-16be'
  return undefined
}

/**
 * UTF-16 without a mark: in texts of any script, spaces and line ends are a zero beside an ASCII byte, always on the same
 * side. @returns undefined for anything else
 */
export function charsetOfNulls(bytes: Uint8Array): Charset | undefined {
  const zeros = [0, 0]
  const spaces = [0, 0]
  const even = bytes.length & ~1
  for (let i = 0; i < even; i++) {
    if (bytes[i] !== 0) continue
    const side = i & 1
    zeros[side] = (zeros[side] ?? 0) + 1
    if (isSpaceByte(bytes[i ^ 1])) spaces[side] = (spaces[side] ?? 0) + 1
  }
  const [onEven = 0, onOdd = 0] = zeros
  const side = onOdd > onEven ? 1 : 0
  const most = Math.max(onEven, onOdd)
  const least = Math.min(onEven, onOdd)
  const isText = most > 0 && least * 50 <= most && (spaces[side] ?? 0) * 200 >= even / 2
  if (!isText) return undefined
  return side === 1 ? 'utf-16le' : 'utf-16be'
}

function isSpaceByte(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function isUtf8(source: ByteSource): boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for (let at = 0; at < source.size; at += chunkBytes)
      decoder.decode(source.read(at, chunkBytes), { stream: true })
    decoder.decode()
    return true
  } catch {
    return false
  }
}

/** The legacy encoding that reads most plausibly. */
function guessCharset(sample: Uint8Array): Charset {
  const guesses = analyse(sample)
    .slice(0, guessesMax)
    .map(({ name, confidence }) => ({ label: labelOf(name), confidence }))
  const [first] = guesses
  if (first && first.confidence >= confidenceSure && implausibility(sample, first.label) < 0.05)
    return first.label
  const labels = new Set([...guesses.map(({ label }) => label), ...usualSuspects])
  let best = { label: 'windows-1252', score: Number.POSITIVE_INFINITY }
  for (const label of labels) {
    const score = implausibility(sample, label)
    if (score < best.score) best = { label, score }
  }
  return best.label
}

/** What WHATWG calls it: an ISO 8859-1 file on the web, and on any desk, is windows-1252. */
function labelOf(name: string): Charset {
  try {
    return new TextDecoder(name).encoding
  } catch {
    return 'windows-1252'
  }
}

/**
 * Share of words with something beyond ASCII that no writer would write: letters of two scripts in one word, a capital
 * after a small letter, symbols between letters, characters that do not exist.
 */
function implausibility(sample: Uint8Array, label: Charset): number {
  const text = new TextDecoder(label).decode(sample)
  const words = text.split(/[\s\p{P}]+/u).filter((word) => /\P{ASCII}/u.test(word))
  let odd = 0
  for (const word of words) if (isOdd(word)) odd++
  return words.length === 0 ? 0 : odd / words.length
}

function isOdd(word: string): boolean {
  if (/[\ufffd\p{C}]|\p{L}\p{S}|\p{S}\p{L}|\p{Ll}\p{Lu}/u.test(word)) return true
  if (/\p{Script=Latin}/u.test(word)) return /[^\p{Script=Latin}\p{Script=Common}\p{M}]/u.test(word)
  return /\p{Script=Cyrillic}/u.test(word) && !/^[\p{Script=Cyrillic}\p{N}\p{M}]+$/u.test(word)
}

/** The file's characters, in pieces of some hundred thousand; what cannot be decoded becomes U+FFFD. */
export function* decodeText(source: ByteSource, charset: Charset): Generator<string> {
  const decoder = new TextDecoder(charset)
  for (let at = 0; at < source.size; at += chunkBytes)
    yield decoder.decode(source.read(at, chunkBytes), { stream: true })
  yield decoder.decode()
}
