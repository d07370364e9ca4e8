/** Names of archive entries: keys to look up, never paths on a disk. */
import { isUtf8 } from 'node:buffer'
import { getFileNameLowLevel } from 'yauzl'

/** Longer than any file system allows, so nobody's book has it (PATH_MAX). */
const nameBytesMax = 4_096
/** Bit 11 of the general purpose flags: the name is UTF-8 (APPNOTE 4.4.4). */
const utf8Flag = 0x800

export interface RawName {
  readonly generalPurposeBitFlag: number
  readonly fileNameRaw: Buffer
  readonly extraFields: { id: number; data: Buffer }[]
}

/** The entry's name in NFC, or undefined for one that climbs, is absolute, or cannot be a name at all. */
export function entryName({
  generalPurposeBitFlag,
  fileNameRaw,
  extraFields,
}: RawName): string | undefined {
  if (fileNameRaw.length === 0 || fileNameRaw.length > nameBytesMax) return undefined
  // Most programs write UTF-8 and forget to say so; code page 437 is what the standard then asks for.
  const flags = isUtf8(fileNameRaw) ? generalPurposeBitFlag | utf8Flag : generalPurposeBitFlag
  // Not strict: old Windows programs write `\\` between folders, which becomes `/` here.
  const name = getFileNameLowLevel(flags, fileNameRaw, extraFields, false).normalize('NFC')
  return isSafeName(name) ? name : undefined
}

/** Whether a name stays inside its archive when taken as a relative path with `/` between folders. */
export function isSafeName(name: string): boolean {
  if (name === '' || name.startsWith('/') || /^[a-z]:/i.test(name)) return false
  if (name.includes('\\') || name.includes('\0')) return false
  return !name.split('/').includes('..')
}

/** Two names with the same key are one file on a file system that ignores case. */
export function foldName(name: string): string {
  return name.normalize('NFC').toUpperCase().toLowerCase()
}
