/** The analyser: text into the terms of the index. */
import { type CharacterClasses, createCharacterClasses, TextScanner } from './characters.ts'
import type { Language } from './language.ts'
import { type MemoEntry, type Term, type TermTexts, WordMemo } from './memo.ts'
import { foldUnit, plainUnits } from './plain-words.ts'
import { languageOf, stopWordsOf } from './registry.ts'
import { type RunPiece, RunSegmenter } from './segmenting.ts'
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
    const language = languageOf(languageCode)
    const scanner = new TextScanner(this.classes)
    const tokens: Token[] = []
    let broken: Token | undefined
    scanner.reset(text)
    while (scanner.next()) {
      const { start, end } = scanner
      if (scanner.isUnspaced) {
        tokens.push(...this.#runTokens(text.slice(start, end), start, language))
        continue
      }
      const { terms, parts } = this.#texts(cut(text, start, end), language)
      const token: Token = { start, end, terms, parts, isExtra: false }
      if (broken) {
        const joined = joinLines(text, broken.start, broken.end, start, end)
        if (joined)
          tokens.push({
            ...this.#texts(joined, language),
            start: broken.start,
            end,
            isExtra: true,
          })
      }
      tokens.push(token)
      broken = isLineHyphen(text, end) ? token : undefined
    }
    return tokens
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

  #runTokens(run: string, offset: number, language: Language): Token[] {
    const token = ({ start, end, isPair }: RunPiece): Token => ({
      ...this.#texts(cut(run, start, end), language),
      start: offset + start,
      end: offset + end,
      isExtra: isPair,
    })
    return this.#segmenter
      .pieces(run, language)
      .map(token)
      .sort((a, b) => a.start - b.start)
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
