/** What the automatic styles of an OpenDocument text say about pages and lists (OpenDocument 1.3, part 3, 16 and 20). */
import { type Attributes, attribute } from '../markup/parser.ts'

const stylesMax = 20_000

export class OdtStyles {
  readonly #startsPage = new Set<string>()
  readonly #endsPage = new Set<string>()
  /** Names of list styles with the levels that count. */
  readonly #numbered = new Map<string, Set<number>>()
  #style = ''
  #list = ''

  open(name: string, attributes: Attributes): void {
    switch (name) {
      case 'style':
        this.#style = attribute(attributes, 'name') ?? ''
        // A paragraph with a page layout of its own begins that page.
        if ((attribute(attributes, 'master-page-name') ?? '') !== '')
          add(this.#startsPage, this.#style)
        break
      case 'paragraph-properties':
        if (attribute(attributes, 'break-before') === 'page') add(this.#startsPage, this.#style)
        if (attribute(attributes, 'break-after') === 'page') add(this.#endsPage, this.#style)
        break
      case 'list-style':
        this.#list = attribute(attributes, 'name') ?? ''
        break
      case 'list-level-style-number':
        this.#addNumbered(attributes)
        break
    }
  }

  startsPage(style: string): boolean {
    return this.#startsPage.has(style)
  }

  endsPage(style: string): boolean {
    return this.#endsPage.has(style)
  }

  /** @param level 1 is the outermost */
  isNumbered(list: string, level: number): boolean {
    return this.#numbered.get(list)?.has(level) ?? false
  }

  #addNumbered(attributes: Attributes): void {
    const format = attribute(attributes, 'num-format') ?? ''
    if (format === '' || this.#numbered.size >= stylesMax) return
    const levels = this.#numbered.get(this.#list) ?? new Set()
    levels.add(Number(attribute(attributes, 'level') ?? 1))
    this.#numbered.set(this.#list, levels)
  }
}

function add(styles: Set<string>, name: string): void {
  if (styles.size < stylesMax) styles.add(name)
}
