/** Code pages of RTF text: by the number of the page, and by the character set of a font. */
import { decode } from 'iconv-lite'

/** `\fcharset` of a font (RTF Specification 1.9.1, "Font Table"). */
const pageOfCharset: Readonly<Record<number, number>> = {
  77: 10000,
  128: 932,
  129: 949,
  130: 1361,
  134: 936,
  136: 950,
  161: 1253,
  162: 1254,
  163: 1258,
  177: 1255,
  178: 1256,
  186: 1257,
  204: 1251,
  222: 874,
  238: 1250,
  254: 437,
  255: 850,
}
const labels: Readonly<Record<number, string>> = {
  866: 'ibm866',
  874: 'windows-874',
  932: 'shift_jis',
  936: 'gbk',
  949: 'euc-kr',
  950: 'big5',
  10000: 'macintosh',
  10007: 'x-mac-cyrillic',
  20866: 'koi8-r',
  54936: 'gb18030',
  65001: 'utf-8',
}
/** DOS pages that no web standard knows. */
const dosPages: ReadonlySet<number> = new Set([
  437, 737, 775, 850, 852, 855, 857, 860, 862, 863, 865,
])

/** @returns undefined for a set without a page of its own (ANSI, default, symbols) */
export function pageOfFontCharset(charset: number): number | undefined {
  return pageOfCharset[charset]
}

/** Bytes of a code page as characters; unknown pages are read as Windows Latin. */
export function decodePage(bytes: readonly number[], page: number): string {
  if (dosPages.has(page)) return decode(Buffer.from(bytes), `cp${page}`)
  const isWindows = page >= 1250 && page <= 1258
  const label = isWindows ? `windows-${page}` : (labels[page] ?? 'windows-1252')
  return new TextDecoder(label).decode(Uint8Array.from(bytes))
}
