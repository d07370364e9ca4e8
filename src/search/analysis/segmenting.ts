/** Words in scripts without spaces: the segmenter's, and pairs of neighbouring Han characters beside them. */
import type { Language } from './language.ts'

/** A piece of a run, in UTF-16 units of the run. */
export interface RunPiece {
  readonly start: number
  readonly end: number
  /** A pair of characters that is found beside the words: it does not count towards a passage's length. */
  readonly isPair: boolean
}

const scriptLocales: readonly (readonly [RegExp, string])[] = [
  [/[\p{sc=Hira}\p{sc=Kana}]/u, 'ja'],
  [/\p{sc=Thai}/u, 'th'],
  [/\p{sc=Lao}/u, 'lo'],
  [/\p{sc=Khmer}/u, 'km'],
  [/\p{sc=Mymr}/u, 'my'],
]
const han = /\p{sc=Han}/u
/** The segmenter's time grows with the run; a longer run without a single punctuation mark is not prose. */
const runUnitsMax = 4_000

export class RunSegmenter {
  readonly #segmenters = new Map<string, Intl.Segmenter>()

  /**
   * Pairs stand beside the words because the segmenter cuts a compound differently in a query than in a sentence:
   * both contain the same pairs.
   */
  pieces(run: string, language: Language): RunPiece[] {
    const pieces: RunPiece[] = []
    for (let start = 0; start < run.length; start += runUnitsMax)
      this.#segment(run.slice(start, start + runUnitsMax), start, language, pieces)
    return han.test(run) ? withPairs(run, pieces) : pieces
  }

  #segment(run: string, offset: number, language: Language, pieces: RunPiece[]): void {
    for (const { segment, index, isWordLike } of this.#segmenter(run, language).segment(run))
      if (isWordLike !== false)
        pieces.push({
          start: offset + index,
          end: offset + index + segment.length,
          isPair: false,
        })
  }

  #segmenter(run: string, language: Language): Intl.Segmenter {
    const script = scriptLocales.find(([pattern]) => pattern.test(run))
    const locale = script?.[1] ?? (language.code === 'ja' ? 'ja' : 'zh')
    let segmenter = this.#segmenters.get(locale)
    if (!segmenter) {
      segmenter = new Intl.Segmenter(locale, { granularity: 'word' })
      this.#segmenters.set(locale, segmenter)
    }
    return segmenter
  }
}

function withPairs(run: string, words: readonly RunPiece[]): RunPiece[] {
  const pieces = [...words]
  const ends = new Map(words.map((word) => [word.start, word.end]))
  let before = -1
  for (let at = 0; at < run.length; ) {
    const character = String.fromCodePoint(run.codePointAt(at) ?? 0)
    const end = at + character.length
    const isHan = han.test(character)
    // A pair that is a word here is already there.
    if (isHan && before >= 0 && ends.get(before) !== end)
      pieces.push({ start: before, end, isPair: true })
    before = isHan ? at : -1
    at = end
  }
  return pieces
}
