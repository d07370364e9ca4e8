/** Turns the bytes of XML and HTML into characters, as their marks and declarations say. */
import { charsetOfMark, charsetOfNulls } from '../charset.ts'

/** Within these bytes a declaration must stand: HTML says 1024, pages in the wild are less exact. */
const declarationWithin = 4_096
const xmlDeclaration = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]{1,40})["']/i
const metaDeclaration = /<meta\s[^>]*?charset\s*=\s*["']?\s*([\w.:-]{1,40})/i

/** Byte-order mark first, then UTF-16 by its zeros, then what the document declares; undefined where it is silent. */
export function declaredCharset(head: Uint8Array): string | undefined {
  const sample = head.subarray(0, declarationWithin)
  const seen = charsetOfMark(sample) ?? charsetOfNulls(sample)
  if (seen) return seen
  const text = Buffer.from(sample).toString('latin1')
  const declared = xmlDeclaration.exec(text)?.[1] ?? metaDeclaration.exec(text)?.[1]
  const label = declared === undefined ? undefined : knownCharset(declared)
  // A declaration that can be read as ASCII is not written in UTF-16, whatever it says (HTML, 13.2.3.3).
  return label?.startsWith('utf-16') ? 'utf-8' : label
}

function knownCharset(label: string): string | undefined {
  try {
    return new TextDecoder(label).encoding
  } catch {
    return undefined
  }
}

/** Characters of a part of an archive; UTF-8 where it does not say, as XML wants it. */
export async function* decodeChunks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let head: Uint8Array = new Uint8Array()
  let decoder: TextDecoder | undefined
  for await (const chunk of chunks) {
    if (decoder) {
      yield decoder.decode(chunk, { stream: true })
      continue
    }
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk])
    if (head.length < declarationWithin) continue
    decoder = new TextDecoder(declaredCharset(head) ?? 'utf-8')
    yield decoder.decode(head, { stream: true })
  }
  decoder ??= new TextDecoder(declaredCharset(head) ?? 'utf-8')
  yield head.length < declarationWithin ? decoder.decode(head) : decoder.decode()
}
