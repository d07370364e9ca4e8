/** The postings of a batch of passages in memory: gathered passage by passage, read back term by term. */
import type { Analyser, TermSink } from './analysis/analyser.ts'
import type { Term } from './analysis/memo.ts'
import type { PostingSink } from './postings.ts'

/** The fields of a passage that the index counts. */
export interface PassageFields {
  readonly title: string
  readonly section: string
  readonly text: string
  /** ISO 639-1, or `und`. */
  readonly language: string
}

/** How often a term stands in each field, in one number: body in 16 bits, title and section in 8; no field overflows. */
const bodyMask = 0xffff
const titleMask = 0xff_0000
const sectionMask = 0xff00_0000 | 0
const titleOne = 0x1_0000
const sectionOne = 0x100_0000

export class PostingBatch implements TermSink {
  /** The mark by which a term says that its slot is of this batch; an object of its own, so that terms keep nothing alive. */
  readonly #mark = {}
  readonly #slots = new Map<string, number>()
  /** Per slot: counts in the passage being read, and the ends of its chain of postings. */
  #counts = new Uint32Array(4096)
  #heads = new Int32Array(4096).fill(-1)
  #tails = new Int32Array(4096).fill(-1)
  /** Per posting: passage, counts, and the next one of its term. */
  #ordinals = new Uint32Array(16384)
  #packed = new Uint32Array(16384)
  #next = new Int32Array(16384)
  #size = 0
  /** Slots that the passage being read has. */
  #touched: number[] = []
  #one = 1
  #mask = bodyMask

  /** Reads a passage; ordinals must rise. @returns its length in words, all fields together */
  add(
    ordinal: number,
    { title, section, text, language }: PassageFields,
    analyser: Analyser,
  ): number {
    this.#enter(1, bodyMask)
    let length = analyser.index(text, language, this)
    this.#enter(titleOne, titleMask)
    length += analyser.index(title, language, this)
    this.#enter(sectionOne, sectionMask)
    length += analyser.index(section, language, this)
    this.#close(ordinal)
    return length
  }

  term(term: Term): void {
    const slot = term.batch === this.#mark ? term.slot : this.#slotOf(term)
    const counts = this.#counts[slot] as number
    if (counts === 0) this.#touched.push(slot)
    if ((counts & this.#mask) !== this.#mask) this.#counts[slot] = counts + this.#one
  }

  /** Terms in the order of their bytes. */
  sortedTerms(): { text: string; slot: number }[] {
    const texts = [...this.#slots.keys()].sort()
    return texts.map((text) => ({ text, slot: this.#slots.get(text) ?? 0 }))
  }

  /** Gives the postings of a term to the sink, in order. */
  postingsOf(slot: number, sink: PostingSink): void {
    for (let at = this.#heads[slot] as number; at >= 0; at = this.#next[at] as number) {
      const packed = this.#packed[at] as number
      const ordinal = this.#ordinals[at] as number
      sink.posting(ordinal, packed & bodyMask, (packed >>> 16) & 0xff, packed >>> 24)
    }
  }

  #enter(one: number, mask: number): void {
    this.#one = one
    this.#mask = mask
  }

  #slotOf(term: Term): number {
    let slot = this.#slots.get(term.text)
    if (slot === undefined) {
      slot = this.#slots.size
      this.#slots.set(term.text, slot)
      if (slot === this.#counts.length) this.#growSlots()
    }
    term.batch = this.#mark
    term.slot = slot
    return slot
  }

  #close(ordinal: number): void {
    if (this.#size + this.#touched.length > this.#next.length) this.#growPostings()
    for (const slot of this.#touched) {
      const at = this.#size++
      this.#ordinals[at] = ordinal
      this.#packed[at] = this.#counts[slot] as number
      this.#next[at] = -1
      const tail = this.#tails[slot] as number
      if (tail < 0) this.#heads[slot] = at
      else this.#next[tail] = at
      this.#tails[slot] = at
      this.#counts[slot] = 0
    }
    this.#touched.length = 0
  }

  #growSlots(): void {
    const size = this.#counts.length
    const counts = new Uint32Array(size * 2)
    counts.set(this.#counts)
    this.#counts = counts
    const [heads, tails] = [new Int32Array(size * 2).fill(-1), new Int32Array(size * 2).fill(-1)]
    heads.set(this.#heads)
    tails.set(this.#tails)
    this.#heads = heads
    this.#tails = tails
  }

  #growPostings(): void {
    const size = Math.max(this.#next.length * 2, this.#size + this.#touched.length)
    const next = new Int32Array(size)
    next.set(this.#next)
    this.#next = next
    const [ordinals, packed] = [new Uint32Array(size), new Uint32Array(size)]
    ordinals.set(this.#ordinals)
    packed.set(this.#packed)
    this.#ordinals = ordinals
    this.#packed = packed
  }
}
