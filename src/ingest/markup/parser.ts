/** XML and HTML as a stream of tags: no tree, no document type, no entities but the standard's own, nothing fetched. */
import { Parser } from 'htmlparser2'
import { ExtractError } from '../contract.ts'

/** Deeper than any document is; the parser's work on an end tag grows with it. */
const depthMax = 1_000

export type Attributes = Readonly<Record<string, string>>

export interface TagHandler {
  /** @param name without prefix in XML, in small letters in HTML */
  open(name: string, attributes: Attributes): void
  /** Called for every open tag, also where the document forgot it. */
  close(name: string): void
  text(data: string): void
}

export interface MarkupParser {
  write(text: string): void
  end(): void
}

/**
 * `xml`: case-sensitive, `&amp; &lt; &gt; &quot; &apos;` and numeric references only; others stay as they are written.
 * `html`: as browsers read it, HTML's named entities, and XHTML's `<a/>`.
 * Writing throws ExtractError `damaged` when tags are nested too deeply.
 */
export function createMarkupParser(handler: TagHandler, mode: 'xml' | 'html'): MarkupParser {
  const isXml = mode === 'xml'
  let depth = 0
  let isInSubset = false
  /** A tag's name was read, and its attributes are not. */
  let isHalfOpen = false
  return new Parser(
    {
      onopentagname() {
        isHalfOpen = true
      },
      onopentag(name, attributes) {
        isHalfOpen = false
        isInSubset = false
        if (++depth > depthMax) throw tooDeep()
        handler.open(isXml ? localName(name) : name, attributes)
      },
      onclosetag(name) {
        // The file ends inside a tag: the parser closes what it never opened.
        if (isHalfOpen) {
          isHalfOpen = false
          return
        }
        depth--
        handler.close(isXml ? localName(name) : name)
      },
      ontext(data) {
        // The parser ends `<!DOCTYPE x [ <!ENTITY …> ]>` at its first `>`; what is left of it is no text.
        if (!isInSubset) handler.text(data)
      },
      onprocessinginstruction(name, data) {
        if (/^!doctype$/i.test(name) && data.includes('[')) isInSubset = true
      },
    },
    {
      xmlMode: isXml,
      recognizeSelfClosing: true,
      recognizeCDATA: true,
      lowerCaseTags: !isXml,
      lowerCaseAttributeNames: !isXml,
    },
  )
}

export function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

/** An attribute by its name without prefix: `w:val` for `val`. */
export function attribute(attributes: Attributes, name: string): string | undefined {
  const exact = attributes[name]
  if (exact !== undefined) return exact
  for (const key in attributes) if (localName(key) === name) return attributes[key]
  return undefined
}

/** Feeds pieces of text to a handler. */
export async function parseMarkup(
  pieces: AsyncIterable<string> | Iterable<string>,
  mode: 'xml' | 'html',
  handler: TagHandler,
): Promise<void> {
  const parser = createMarkupParser(handler, mode)
  for await (const piece of pieces) parser.write(piece)
  parser.end()
}

function tooDeep(): ExtractError {
  return new ExtractError(
    'damaged',
    `The document's parts are nested more than ${depthMax} deep, which no program writes on purpose. Save or export it again, and upload that copy.`,
  )
}
