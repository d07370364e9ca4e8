/** Reads the text of RTF: follows groups and code pages, and makes paragraphs, tables and notes. */

import { ExtractError } from '../contract.ts'
import type { ByteSource } from '../extraction.ts'
import { tooMuchText } from '../limits.ts'
import { cleanLine } from '../markup/clean-block.ts'
import type { FlowItem } from '../markup/flow.ts'
import { decodePage } from './code-pages.ts'
import { destinationOf, type Group, isReadInside } from './groups.ts'
import { RtfParagraphs } from './paragraphs.ts'
import { RtfTables } from './tables.ts'
import { type RtfToken, readTokens } from './tokens.ts'

/** Word itself stays below fifty. */
const groupsMax = 1_000
const titleMax = 300

/** Characters that have words of their own. */
const characters: Readonly<Record<string, string>> = {
  tab: '\t',
  line: '\n',
  lbr: '\n',
  emdash: '—',
  endash: '–',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
  bullet: '•',
  emspace: ' ',
  enspace: ' ',
  qmspace: ' ',
  '~': '\u00a0',
  _: '-',
  nestcell: ' | ',
  nestrow: '\n',
}

export class RtfReader {
  readonly #charactersMax: number
  readonly #tables = new RtfTables()
  readonly #paragraphs = new RtfParagraphs(this.#tables)
  readonly #groups: Group[] = []
  #group: Group = {
    destination: 'text',
    fallback: 1,
    codePage: 1252,
    isHidden: false,
    isOptional: false,
    isFresh: false,
  }
  #bytes: number[] = []
  /** Characters still to be left out after `\u`. */
  #skip = 0
  #characters = 0
  #title = ''

  constructor(charactersMax: number) {
    this.#charactersMax = charactersMax
  }

  get title(): string {
    return cleanLine(this.#title)
  }

  /** The file ended in the middle of its groups. */
  get isCut(): boolean {
    return this.#groups.length > 0
  }

  /** @throws ExtractError `damaged` for groups in groups without end, `too_much_text` */
  *read(source: ByteSource): Generator<FlowItem> {
    for (const token of readTokens(source)) {
      this.#take(token)
      if (token.kind === 'word') yield* this.#paragraphs.take()
    }
    this.#flush()
    this.#paragraphs.end()
    yield* this.#paragraphs.take()
  }

  #take(token: RtfToken): void {
    switch (token.kind) {
      case 'open':
        this.#openGroup()
        break
      case 'close':
        this.#closeGroup()
        break
      case 'word':
        this.#takeWord(token.name, token.value)
        break
      case 'byte':
        if (this.#skip > 0) this.#skip--
        else if (this.#isRead()) this.#bytes.push(token.byte)
        break
      case 'text':
        this.#takeText(token.text)
        break
    }
  }

  #openGroup(): void {
    this.#flush()
    this.#skip = 0
    if (this.#groups.length >= groupsMax) throw tooDeep()
    this.#groups.push(this.#group)
    this.#group = { ...this.#group, isOptional: false, isFresh: true }
  }

  #closeGroup(): void {
    this.#flush()
    this.#skip = 0
    const outer = this.#groups.pop()
    if (!outer) return
    const { destination } = this.#group
    if (destination !== outer.destination) this.#paragraphs.leave(destination)
    if (destination === 'styles' || destination === 'fonts') this.#tables.endEntry()
    this.#group = outer
  }

  #takeText(text: string): void {
    const from = Math.min(this.#skip, text.length)
    this.#skip -= from
    this.#group.isFresh = false
    if (!this.#isRead() || from >= text.length) return
    // A second byte of a double-byte page may look like a letter.
    if (this.#bytes.length > 0)
      for (let i = from; i < text.length; i++) this.#bytes.push(text.charCodeAt(i))
    else this.#add(text.slice(from))
  }

  #isRead(): boolean {
    return this.#group.destination !== 'skip' && !this.#group.isHidden
  }

  #takeWord(name: string, value: number | undefined): void {
    const group = this.#group
    const isFirst = group.isFresh
    if (name === '*') {
      group.isOptional = true
      return
    }
    group.isFresh = false
    this.#flush()
    if (isFirst && this.#enter(name)) return
    if (name === 'u') this.#takeUnicode(value ?? 0)
    else if (this.#skip > 0 && characters[name] !== undefined) this.#skip--
    else if (characters[name] !== undefined) this.#add(characters[name])
    else this.#takeProperty(name, value)
  }

  /** @returns whether the word says where the group's text goes */
  #enter(name: string): boolean {
    const group = this.#group
    if (group.destination === 'skip' && !isReadInside(name)) return true
    const destination = destinationOf(name, group.isOptional)
    if (destination === undefined) return false
    // A box inside a box's fallback, a title inside a note: the innermost counts.
    if (destination !== 'text' || group.destination === 'skip') group.destination = destination
    if (destination === 'note' || destination === 'box') this.#paragraphs.enter(destination)
    return true
  }

  #takeUnicode(value: number): void {
    this.#skip = this.#group.fallback
    if (this.#isRead()) this.#add(String.fromCharCode(value & 0xffff))
  }

  #takeProperty(name: string, value: number | undefined): void {
    const group = this.#group
    switch (name) {
      case 'uc':
        group.fallback = Math.min(Math.max(0, value ?? 1), 10)
        break
      case 'ansicpg':
      case 'mac':
      case 'pc':
      case 'pca':
        group.codePage = this.#tables.setPage(name, value)
        break
      case 'f':
        if (group.destination === 'fonts') this.#tables.beginFont(value ?? 0)
        else group.codePage = this.#tables.pageOfFont(value ?? 0)
        break
      case 'fcharset':
      case 'cpg':
        this.#tables.setFontPage(name, value ?? 0)
        break
      case 'v':
      case 'deleted':
        group.isHidden = value !== 0
        break
      case 'plain':
        group.isHidden = false
        break
      default:
        if (group.destination === 'styles') this.#tables.noteStyle(name, value)
        else if (group.destination !== 'skip') this.#paragraphs.takeWord(name, value)
    }
  }

  /** Decodes the bytes that wait. */
  #flush(): void {
    if (this.#bytes.length === 0) return
    const text = decodePage(this.#bytes, this.#group.codePage)
    this.#bytes = []
    this.#add(text)
  }

  #add(text: string): void {
    this.#characters += text.length
    if (this.#characters > this.#charactersMax) throw tooMuchText(this.#charactersMax)
    switch (this.#group.destination) {
      case 'text':
      case 'note':
      case 'box':
        this.#paragraphs.addText(text)
        break
      case 'mark':
        this.#paragraphs.addMark(text)
        break
      case 'styles':
        this.#tables.addStyleName(text)
        break
      case 'title':
        if (this.#title.length < titleMax) this.#title += text
        break
      case 'fonts':
      case 'skip':
        break
    }
  }
}

function tooDeep(): ExtractError {
  return new ExtractError(
    'damaged',
    `The document's groups are nested more than ${groupsMax} deep, which no program writes on purpose. Save or export it again, and upload that copy.`,
  )
}
