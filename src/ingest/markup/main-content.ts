/** Finds what a web page is about, with the reader view of Firefox. */
import { type Attributes, createMarkupParser } from './parser.ts'

/** Finding the content goes over the tree again and again: what is deeper or larger than any page is not worth it. */
const depthMax = 250
const elementsMax = 150_000
/** Fewer characters than this are a teaser (Readability's `charThreshold`). */
const charactersMin = 250

export interface MainContent {
  readonly html: string
  /** Without the name of the site, where that can be told. */
  readonly title: string
}

/** @returns undefined where nothing can be found */
export async function mainContent(html: string): Promise<MainContent | undefined> {
  if (!isManageable(html)) return undefined
  const [{ parseHTML }, { Readability }] = await Promise.all([
    import('linkedom'),
    import('@mozilla/readability'),
  ])
  try {
    const { document } = parseHTML(html)
    // Classes are kept, since some say that an element is no text.
    const article = new Readability(document, {
      charThreshold: charactersMin,
      keepClasses: true,
      maxElemsToParse: elementsMax,
    }).parse()
    if (!article?.content) return undefined
    return { html: article.content, title: article.title ?? '' }
  } catch {
    // Neither library promises to bear every page; the whole page is read then.
    return undefined
  }
}

function isManageable(html: string): boolean {
  let depth = 0
  let deepest = 0
  let elements = 0
  const parser = createMarkupParser(
    {
      open() {
        elements++
        deepest = Math.max(deepest, ++depth)
      },
      close() {
        depth--
      },
      text() {},
    },
    'html',
  )
  parser.write(html)
  parser.end()
  return deepest <= depthMax && elements <= elementsMax
}

/** Ways around a site, not part of what it says. */
export function isFurniture(name: string, attributes: Attributes): boolean {
  if (name === 'nav') return true
  const { role, class: classes } = attributes
  if (role !== undefined && /^(?:navigation|search|banner|contentinfo)$/.test(role)) return true
  return classes !== undefined && /(?:^|\s)navbox(?:\s|$)/.test(classes)
}
