/** Makes lines of text from a list's items; a list that holds a whole chapter gives its contents block by block. */
import { addMarks, FlowBuffer, type FlowItem, type FlowSink } from './flow.ts'

/** A list longer than this is text in the shape of a list: it may be cut anywhere between its paragraphs. */
const listCharactersMax = 6_000
/** Deeper levels are not moved further to the right. */
const indentedCharactersMax = 2_000

interface ListItem {
  readonly mark: string
  readonly content: FlowBuffer
}

export class ListBuilder {
  readonly #items: ListItem[] = []

  /** The new item's contents go into what this gives. @param mark what stands before it, with its space */
  startItem(mark: string): FlowBuffer {
    const content = new FlowBuffer()
    this.#items.push({ mark, content })
    return content
  }

  /** Sends the finished list. */
  end(sink: FlowSink): void {
    const contents = this.#items.map(({ content }) => content)
    const characters = contents.reduce((sum, content) => sum + content.characters, 0)
    if (characters > listCharactersMax || contents.some((content) => content.isDivided)) {
      for (const item of this.#items) for (const part of marked(item)) sink.add(part)
      return
    }
    addMarks(contents, sink)
    const text = this.#items.map(itemText).filter(Boolean).join('\n')
    if (text !== '') sink.add({ kind: 'block', block: { text, isWhole: true } })
  }
}

function itemText({ mark, content }: ListItem): string {
  const text = content.texts().join('\n')
  if (text === '') return ''
  const indent = content.characters > indentedCharactersMax ? '\n' : '\n  '
  return mark + text.replaceAll('\n', indent)
}

function* marked({ mark, content }: ListItem): Generator<FlowItem> {
  let isMarked = false
  for (const item of content.items) {
    if (item.kind !== 'block' || isMarked || item.block.level !== undefined) {
      yield item
      continue
    }
    isMarked = true
    yield { kind: 'block', block: { ...item.block, text: mark + item.block.text } }
  }
}
