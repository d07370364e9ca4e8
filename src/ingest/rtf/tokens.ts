/** Splits RTF into groups, control words and bytes of text (RTF Specification 1.9.1, "RTF Syntax"). */
import type { ByteSource } from '../extraction.ts'

const chunkBytes = 64 * 1024
/** Longest name of a control word in the specification; longer ones are cut, and so unknown. */
const nameMax = 32
const digitsMax = 10

export type RtfToken =
  | { readonly kind: 'open' }
  | { readonly kind: 'close' }
  /** `\name` with its number, or a symbol like `\*`. */
  | { readonly kind: 'word'; readonly name: string; readonly value: number | undefined }
  /** One byte in the code page of the moment. */
  | { readonly kind: 'byte'; readonly byte: number }
  /** Bytes below 128 that stand for themselves. */
  | { readonly kind: 'text'; readonly text: string }

const brace = { open: 0x7b, close: 0x7d }
const backslash = 0x5c
const open: RtfToken = { kind: 'open' }
const close: RtfToken = { kind: 'close' }

export function* readTokens(source: ByteSource): Generator<RtfToken> {
  const input = new Input(source)
  for (let byte = input.next(); byte >= 0; byte = input.next()) {
    if (byte === brace.open) yield open
    else if (byte === brace.close) yield close
    else if (byte === backslash) yield readControl(input)
    else if (byte >= 0x80) yield { kind: 'byte', byte }
    // Line ends only make the file readable.
    else if (byte !== 0x0d && byte !== 0x0a && byte !== 0) {
      input.back()
      yield { kind: 'text', text: readRun(input) }
    }
  }
}

function readRun(input: Input): string {
  let text = ''
  for (let byte = input.next(); byte >= 0; byte = input.next()) {
    const isPlain = byte < 0x80 && byte >= 0x20 && byte !== backslash
    if (isPlain && byte !== brace.open && byte !== brace.close) text += String.fromCharCode(byte)
    else if (byte === 0x09) text += '\t'
    else if (byte >= 0x20 || byte === 0x0d || byte === 0x0a) {
      input.back()
      break
    }
    if (text.length >= chunkBytes) break
  }
  return text
}

function readControl(input: Input): RtfToken {
  const first = input.next()
  if (first < 0) return { kind: 'text', text: '' }
  if (!isLetter(first)) return readSymbol(input, first)
  let name = String.fromCharCode(first)
  let byte = input.next()
  for (; isLetter(byte); byte = input.next())
    if (name.length < nameMax) name += String.fromCharCode(byte)
  const value = readNumber(input, byte)
  if (name === 'bin') input.skip(value ?? 0)
  return { kind: 'word', name, value }
}

/** @param first the byte behind the name, read already */
function readNumber(input: Input, first: number): number | undefined {
  let byte = first
  let digits = byte === 0x2d ? '-' : ''
  if (digits !== '') byte = input.next()
  for (; byte >= 0x30 && byte <= 0x39; byte = input.next())
    if (digits.length < digitsMax) digits += String.fromCharCode(byte)
  // One space after it belongs to the word; anything else does not.
  if (byte !== 0x20 && byte >= 0) input.back()
  return /\d/.test(digits) ? Number(digits) : undefined
}

function readSymbol(input: Input, first: number): RtfToken {
  switch (String.fromCharCode(first)) {
    case "'": {
      const digits = String.fromCharCode(Math.max(0, input.next()), Math.max(0, input.next()))
      const byte = /^[0-9a-f]{2}$/i.test(digits) ? Number.parseInt(digits, 16) : 0x20
      return { kind: 'byte', byte }
    }
    case '\\':
    case '{':
    case '}':
      return { kind: 'text', text: String.fromCharCode(first) }
    case '\r':
    case '\n':
      return { kind: 'word', name: 'par', value: undefined }
    case '\t':
      return { kind: 'word', name: 'tab', value: undefined }
    default:
      return { kind: 'word', name: String.fromCharCode(first), value: undefined }
  }
}

function isLetter(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a)
}

/** Bytes one after the other; -1 at the end. */
class Input {
  readonly #source: ByteSource
  #chunk: Uint8Array = new Uint8Array()
  #start = 0
  #at = 0

  constructor(source: ByteSource) {
    this.#source = source
  }

  next(): number {
    const offset = this.#at - this.#start
    const byte = offset >= 0 ? this.#chunk[offset] : undefined
    if (byte !== undefined) {
      this.#at++
      return byte
    }
    if (this.#at >= this.#source.size) return -1
    this.#chunk = this.#source.read(this.#at, chunkBytes)
    this.#start = this.#at
    this.#at++
    return this.#chunk[0] ?? -1
  }

  back(): void {
    this.#at--
  }

  skip(count: number): void {
    if (count > 0) this.#at = Math.min(this.#at + count, this.#source.size)
  }
}
