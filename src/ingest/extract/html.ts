/** Saved web pages: what the page is about, without the site around it. */
import { decodeText, detectCharset } from '../charset.ts'
import type { ByteSource, ExtractInput, Extraction } from '../extraction.ts'
import { cleanLine } from '../markup/clean-block.ts'
import { declaredCharset } from '../markup/decode.ts'
import type { FlowItem } from '../markup/flow.ts'
import { extractFlow } from '../markup/flow-extraction.ts'
import { HtmlFlow } from '../markup/html-flow.ts'
import { isFurniture, mainContent } from '../markup/main-content.ts'
import { createMarkupParser } from '../markup/parser.ts'

const headBytes = 4_096
/** The tree that finding the main content needs takes fifty times the page; a larger page is read as it is. */
const treeBytesMax = 4 * 1024 * 1024
/** What is found must be this part of the page's text, or it is a teaser and not the content. */
const contentShareMin = 0.3
const titleMax = 300

export async function extractHtml(input: ExtractInput): Promise<Extraction> {
  const { source, charactersMax } = input
  const charset = htmlCharset(source)
  const flow = new HtmlFlow({ charactersMax, skips: isFurniture })
  if (source.size > treeBytesMax)
    return extractFlow(input, {
      items: readItems(decodeText(source, charset), flow),
      title: () => usableTitle(flow.title),
      warnings: () => [],
    })
  const html = [...decodeText(source, charset)].join('')
  const whole = [...readItems([html], flow)]
  const main = await mainContent(html)
  const mainFlow = new HtmlFlow({ charactersMax, skips: isFurniture })
  const found = main ? [...readItems([main.html], mainFlow)] : []
  const isContent = characters(found) >= characters(whole) * contentShareMin
  const title = usableTitle((isContent && main?.title) || flow.title)
  return extractFlow(input, {
    items: isContent ? found : whole,
    title: () => title,
    warnings: () => [],
  })
}

function* readItems(pieces: Iterable<string>, flow: HtmlFlow): Generator<FlowItem> {
  const parser = createMarkupParser(flow, 'html')
  for (const piece of pieces) {
    parser.write(piece)
    yield* flow.take()
  }
  parser.end()
  flow.end()
  yield* flow.take()
}

/** What the page declares, if its bytes agree. */
function htmlCharset(source: ByteSource): string {
  const declared = declaredCharset(source.read(0, headBytes))
  // Pages saved by old programs declare UTF-8 and are not; nothing else can be told apart with certainty.
  return declared === undefined || declared === 'utf-8' ? detectCharset(source) : declared
}

function characters(items: readonly FlowItem[]): number {
  let sum = 0
  for (const item of items) if (item.kind === 'block') sum += item.block.text.length
  return sum
}

function usableTitle(title: string): string | null {
  return cleanLine(title).slice(0, titleMax) || null
}
