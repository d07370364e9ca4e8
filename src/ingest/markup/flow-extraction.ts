/** Makes an extraction of a flow of blocks: pages, limits, outline, title. */
import type { OutlineEntry } from '../contract.ts'
import type { ExtractInput, Extraction, MarkedPage } from '../extraction.ts'
import { checkLimits } from '../limits.ts'
import type { FlowItem } from './flow.ts'
import { FlowPager } from './flow-pages.ts'

const outlineMax = 5_000

export interface Flow {
  readonly items: AsyncIterable<FlowItem> | Iterable<FlowItem>
  /** From the document's metadata; the first heading stands in for null. Asked for once the first pages were read. */
  title(): string | null
  /** Asked for at the end. */
  warnings(): readonly string[]
}

/** The outline is made of the headings. */
export function extractFlow(input: ExtractInput, flow: Flow): Extraction {
  const outline: OutlineEntry[] = []
  async function* pages(): AsyncGenerator<MarkedPage> {
    const limits = checkLimits(input)
    const pager = new FlowPager({ keepsEmpty: false })
    function* complete(): Generator<MarkedPage> {
      for (const page of pager.take()) {
        limits.page(page.text.length)
        for (const { title, level } of page.headings)
          if (outline.length < outlineMax) outline.push({ title, level, page: page.number })
        yield page
      }
    }
    for await (const item of flow.items) {
      pager.push(item)
      yield* complete()
    }
    pager.end()
    yield* complete()
  }
  return {
    pagesTotal: null,
    pages: pages(),
    end: () => ({
      title: flow.title() ?? outline[0]?.title ?? null,
      outline,
      warnings: flow.warnings(),
    }),
  }
}
