/** What every format that flows is turned into: blocks of text, and what stands between them, in reading order. */
import type { TextBlock } from '../page-composer.ts'

export type FlowItem =
  | { readonly kind: 'block'; readonly block: TextBlock }
  /** A page of the printed edition, or of the program that wrote the file, begins here. */
  | { readonly kind: 'page'; readonly label: string | null }
  /** A place that links lead to. */
  | { readonly kind: 'mark'; readonly id: string }
  /** A section that begins here without saying its name in the text. */
  | { readonly kind: 'section'; readonly level: number; readonly title: string }

/** Takes items one after the other. */
export interface FlowSink {
  add(item: FlowItem): void
}

/** Keeps what one cell, list item or note consists of. */
export class FlowBuffer implements FlowSink {
  readonly items: FlowItem[] = []
  characters = 0
  /** Has a page border or a heading inside, and so cannot become one line. */
  isDivided = false

  add(item: FlowItem): void {
    this.items.push(item)
    if (item.kind === 'block') {
      this.characters += item.block.text.length
      if (item.block.level !== undefined) this.isDivided = true
    } else if (item.kind !== 'mark') this.isDivided = true
  }

  /** The texts alone. */
  texts(): string[] {
    return this.items.flatMap((item) => (item.kind === 'block' ? [item.block.text] : []))
  }
}

/** Sends the places first that stood inside what is about to become one block. */
export function addMarks(buffers: Iterable<FlowBuffer>, sink: FlowSink): void {
  for (const { items } of buffers)
    for (const item of items) if (item.kind === 'mark') sink.add(item)
}
