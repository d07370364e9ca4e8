/** Markdown: what a reader of the rendered page reads, with its headings, its code and tables kept whole. */
import { decodeText, detectCharset } from '../charset.ts'
import { cleanText } from '../clean.ts'
import type { OutlineEntry } from '../contract.ts'
import type { ExtractInput, Extraction, MarkedPage } from '../extraction.ts'
import { checkLimits } from '../limits.ts'
import { renderMarkdown } from '../markdown-blocks.ts'
import { composePages } from '../page-composer.ts'
import { extractPlainText } from './plain-text.ts'

/** The parser holds the whole text and its tree in memory; a longer file is data more than a document. */
const parsedBytesMax = 8 * 1024 * 1024
const outlineMax = 5_000
/** Metadata between `---` lines (YAML) or `+++` lines (TOML) before the text. */
const frontMatter = /^(---|\+\+\+)[ \t]*\n([\s\S]{0,20000}?)\n\1[ \t]*(?:\n|$)/
const titleLine = /^title[ \t]*[:=][ \t]*(["']?)(.+?)\1[ \t]*$/m

export async function extractMarkdown(input: ExtractInput): Promise<Extraction> {
  if (input.source.size > parsedBytesMax) return await asPlainText(input, 'is too large')
  const charset = detectCharset(input.source)
  const source = [...decodeText(input.source, charset)].join('').replace(/\r\n?/g, '\n')
  const matter = frontMatter.exec(source)
  let blocks: ReturnType<typeof renderMarkdown>
  try {
    blocks = renderMarkdown(source.slice(matter?.[0].length ?? 0))
  } catch (error) {
    // Thousands of nested quotes are no document anybody wrote, but their words can still be read.
    if (error instanceof RangeError) return await asPlainText(input, 'is nested too deeply')
    throw error
  }
  const outline: OutlineEntry[] = []
  async function* pages(): AsyncGenerator<MarkedPage> {
    const limits = checkLimits(input)
    for (const page of composePages(blocks)) {
      limits.page(page.text.length)
      for (const { title, level } of page.headings)
        if (outline.length < outlineMax) outline.push({ title, level, page: page.number })
      yield page
    }
  }
  return {
    pagesTotal: null,
    pages: pages(),
    end: () => ({
      title: cleanText(titleLine.exec(matter?.[2] ?? '')?.[2] ?? '') || (outline[0]?.title ?? null),
      outline,
      warnings: [],
    }),
  }
}

async function asPlainText(input: ExtractInput, why: string): Promise<Extraction> {
  const plain = await extractPlainText(input)
  const warning = `The file ${why} to be read as Markdown; it was read as plain text.`
  return {
    ...plain,
    end() {
      const { title, outline, warnings } = plain.end()
      return { title, outline, warnings: [warning, ...warnings] }
    },
  }
}
