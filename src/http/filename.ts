/** A client's file name, made harmless: kept as data, shown and sent back, never used as a path. */

const bytesMax = 255
/** Longer is no extension but a sentence with a dot in it. */
const extensionLengthMax = 16
const nameless = 'document'
/** C0, DEL and C1 controls, line and paragraph separators, and what turns the direction of writing (`exe.fdp`). */
const unwanted = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu

/**
 * @param name as the client sent it
 * @returns NFC, one line, no path, at most 255 bytes of UTF-8, its extension kept; never empty
 */
export function cleanFilename(name: string): string {
  const plain = name.toWellFormed().replace(unwanted, '').normalize('NFC')
  const last = (plain.split(/[/\\]/).at(-1) ?? '').trim()
  if (last === '' || last === '.' || last === '..') return nameless
  return shorten(last)
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= bytesMax) return name
  const dot = name.lastIndexOf('.')
  const hasExtension = dot > 0 && name.length - dot <= extensionLengthMax
  const extension = hasExtension ? name.slice(dot) : ''
  let room = bytesMax - Buffer.byteLength(extension)
  let stem = ''
  for (const character of hasExtension ? name.slice(0, dot) : name) {
    room -= Buffer.byteLength(character)
    if (room < 0) break
    stem += character
  }
  return `${stem.trimEnd()}${extension}`
}
