/** The analyser: text into the terms of the index. */
import { type CharacterClasses, createCharacterClasses, TextScanner } from './characters.ts'
import type { Language } from './language.ts'
import { type MemoEntry, type Term, type TermTexts, WordMemo } from './memo.ts'
import { foldUnit, plainUnits } from './plain-words.ts'
import { languageOf, stopWordsOf } from './registry.ts'
import { RunSegmenter } from './segmenting.ts'
import { plainWord, wordUnitsMax } from './words.ts'

/** Raised whenever the same text would give other terms: segments of another version are indexed again. */
export const analyserVersion = 2

/** A word of a text: where it stands, in UTF-16 units, and what it is indexed under. */
export interface Token {
  readonly start: number
  readonly end: number
  /** Spellings of the word; any of them finds it. */
  readonly terms: readonly string[]
  /** Pieces found beside it. */
  readonly parts: readonly string[]
  /** A pair of characters beside the words, or a word joined over the end of a line. */
  readonly isExtra: boolean
}

export interface FoundWord {
  readonly start: number
  readonly end: number
  /** The first of the wanted ones that it is indexed under. */
  readonly term: string
}

export interface FirstPlaces {
  /** The wanted terms that were found, each with the number of the first word that has it, from 0. */
  readonly found: ReadonlyMap<string, number>
  /** How many words, as `tokens` gives them. */
  readonly words: number
}

export interface WordPlaces {
  readonly starts: readonly number[]
  readonly ends: readonly number[]
  readonly found: readonly FoundWord[]
}

type WordVisitor = (start: number, end: number, entry: MemoEntry, isExtra: boolean) => void

export interface TermSink {
  term(term: Term): void
}

/** Made once a thread: it remembers words, and nothing of whose they are. */
export class Analyser {
  readonly classes: CharacterClasses = createCharacterClasses()
  readonly #memo = new WordMemo()
  readonly #scanner = new TextScanner(this.classes)
  readonly #segmenter = new RunSegmenter()
  readonly #stopWords = new Map<string, ReadonlySet<string>>()

  /** Gives every term of the text to the sink, as often as it occurs. @returns the number of words */
  index(text: string, languageCode: string, sink: TermSink): number {
    const language = languageOf(languageCode)
    const scanner = this.#scanner
    const memo = this.#memo
    let count = 0
    let brokenStart = -1
    let brokenEnd = 0
    scanner.reset(text)
    while (scanner.next()) {
      const { start, end } = scanner
      if (scanner.isUnspaced) {
        count += this.#indexRun(text.slice(start, end), language, sink)
        continue
      }
      count++
      emit(memo.get(cut(text, start, end), language), sink)
      if (brokenStart >= 0) {
        const joined = joinLines(text, brokenStart, brokenEnd, start, end)
        if (joined) emit(memo.get(joined, language), sink)
        brokenStart = -1
      }
      if (isLineHyphen(text, end)) {
        brokenStart = start
        brokenEnd = end
      }
    }
    return count
  }

  /** The words of a text with their places, in order of their starts. */
  tokens(text: string, languageCode: string): Token[] {
    const tokens: Token[] = []
    this.#walk(text, languageOf(languageCode), (start, end, { texts }, isExtra) => {
      tokens.push({ start, end, terms: texts.terms, parts: texts.parts, isExtra })
    })
    return tokens
  }

  /** The places of the words as `tokens` gives them, and which of them a term finds: nothing is made for the others. */
  places(text: string, languageCode: string, wanted: ReadonlySet<string>): WordPlaces {
    const places = { starts: [] as number[], ends: [] as number[], found: [] as FoundWord[] }
    this.#walk(text, languageOf(languageCode), (start, end, entry) => {
      places.starts.push(start)
      places.ends.push(end)
      const term = firstWanted(entry, wanted)
      if (term !== undefined) places.found.push({ start, end, term })
    })
    return places
  }

  /** Which of the wanted terms stand in a text, by the numbers of its words: nothing is made for the others. */
  firstPlaces(
    text: string,
    languageCode: string,
    wanted: Pick<ReadonlySet<string>, 'has'>,
  ): FirstPlaces {
    const found = new Map<string, number>()
    let words = 0
    this.#walk(text, languageOf(languageCode), (_start, _end, { terms, parts }) => {
      for (const { text: term } of terms)
        if (wanted.has(term) && !found.has(term)) found.set(term, words)
      for (const { text: part } of parts)
        if (wanted.has(part) && !found.has(part)) found.set(part, words)
      words++
    })
    return { found, words }
  }

  /** The terms that one word, without spaces, is indexed under. */
  terms(word: string, languageCode: string): readonly string[] {
    return this.#texts(word, languageOf(languageCode)).terms
  }

  /** @param word as it is typed */
  isStopWord(word: string, languageCode: string): boolean {
    const language = languageOf(languageCode)
    let words = this.#stopWords.get(language.code)
    if (!words) {
      words = stopWordsOf(language)
      this.#stopWords.set(language.code, words)
    }
    return words.has(plainWord(word, language))
  }

  /** The words of a text as phrases are compared. */
  plainWords(text: string): string[] {
    return plainUnits(text, this.classes)
      .map(({ start, end }) => foldUnit(text.slice(start, end)))
      .filter((word) => word !== '')
  }

  #indexRun(run: string, language: Language, sink: TermSink): number {
    let count = 0
    for (const piece of this.#segmenter.pieces(run, language)) {
      if (!piece.isPair) count++
      emit(this.#memo.get(cut(run, piece.start, piece.end), language), sink)
    }
    return count
  }

  #walk(text: string, language: Language, visit: WordVisitor): void {
    const scanner = new TextScanner(this.classes)
    const memo = this.#memo
    let brokenStart = -1
    let brokenEnd = 0
    scanner.reset(text)
    while (scanner.next()) {
      const { start, end } = scanner
      if (scanner.isUnspaced) {
        this.#walkRun(text.slice(start, end), start, language, visit)
        continue
      }
      if (brokenStart >= 0) {
        const joined = joinLines(text, brokenStart, brokenEnd, start, end)
        if (joined) visit(brokenStart, end, memo.get(joined, language), true)
        brokenStart = -1
      }
      visit(start, end, memo.get(cut(text, start, end), language), false)
      if (isLineHyphen(text, end)) {
        brokenStart = start
        brokenEnd = end
      }
    }
  }

  #walkRun(run: string, offset: number, language: Language, visit: WordVisitor): void {
    const pieces = this.#segmenter.pieces(run, language).toSorted((a, b) => a.start - b.start)
    for (const { start, end, isPair } of pieces)
      visit(offset + start, offset + end, this.#memo.get(cut(run, start, end), language), isPair)
  }

  #texts(word: string, language: Language): TermTexts {
    return this.#memo.get(word, language).texts
  }
}

export function createAnalyser(): Analyser {
  return new Analyser()
}

function emit(entry: MemoEntry, sink: TermSink): void {
  if (entry.only) {
    sink.term(entry.only)
    return
  }
  for (const term of entry.terms) sink.term(term)
  for (const part of entry.parts) sink.term(part)
}

function firstWanted(
  { only, terms, parts }: MemoEntry,
  wanted: ReadonlySet<string>,
): string | undefined {
  if (only) return wanted.has(only.text) ? only.text : undefined
  for (const { text } of terms) if (wanted.has(text)) return text
  for (const { text } of parts) if (wanted.has(text)) return text
  return undefined
}

function cut(text: string, start: number, end: number): string {
  return text.slice(start, Math.min(end, start + wordUnitsMax))
}

/** A hyphen that ends a line right after a word. */
export function isLineHyphen(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  if (unit !== 0x2d && unit !== 0x2010 && unit !== 0xad) return false
  const next = text.charCodeAt(at + 1)
  return next === 0x0a || next === 0x0d
}

/** A word broken at the end of a line, whole; undefined when what follows does not continue it. */
export function joinLines(
  text: string,
  start: number,
  end: number,
  nextStart: number,
  nextEnd: number,
): string | undefined {
  const isContinued =
    text.slice(end + 1, nextStart).trim() === '' && /^\p{Ll}/u.test(text.slice(nextStart, nextEnd))
  return isContinued
    ? (text.slice(start, end) + text.slice(nextStart, nextEnd)).slice(0, wordUnitsMax)
    : undefined
}
