/** Cuts text into sentences in any language, with their places: for quoting whole ones. */

export interface Sentence {
  /** In UTF-16 units of the text. */
  readonly start: number
  readonly end: number
}

/** The platform's segmenter takes every dot after these for an end. */
const abbreviation =
  /(?:^|[\s([«“"'])(?:\p{Lu}|\p{L}{1,2}\.\p{L}|Mrs?|Ms|Drs?|Prof|St|Sr|Jr|Gen|Col|Lt|Sgt|Capt|Rev|Hon|Gov|Sen|Rep|vs|etc|cf|al|pp?|vol|no|nos|fig|figs|ed|eds|ca|approx|bzw|usw|Nr|Bd|Abb|гг?|вв?|др|тыс|млн|млрд|им|ул|стр|рис|см)\.$/u
const startsLower = /^["'“‘«([]*\p{Ll}/u
/** Longer ones are cut at spaces and marks: Thai has no full stop, a table has none either. In UTF-16 units. */
const unitsMax = 420
const unitsMin = 80
const mark = /[;:，、；：,]/
const digit = /\d/
const space = /\s/

export class SentenceCutter {
  readonly #segmenters = new Map<string, Intl.Segmenter>()

  /** @param language ISO 639-1 or `und` */
  cut(text: string, language: string): Sentence[] {
    return [...this.sentences(text, language)]
  }

  /** The same one by one, as they are asked for. */
  *sentences(text: string, language: string): Generator<Sentence> {
    // A line end inside a paragraph is no end of a sentence; replaced one for one, so that places stay.
    const flat = text.replace(/(?<!\n)\n(?!\n|\s*[-*•‣◦#|]|\s*\d{1,3}[.)]\s)/g, ' ')
    let open: { start: number; end: number } | undefined
    for (const { segment, index } of this.#segmenter(language).segment(flat)) {
      const goesOn = open && continues(flat.slice(open.start, open.end), segment)
      if (open && goesOn) open.end = index + segment.length
      else {
        if (open) yield* pieces(flat, open)
        open = { start: index, end: index + segment.length }
      }
    }
    if (open) yield* pieces(flat, open)
  }

  #segmenter(language: string): Intl.Segmenter {
    const found = this.#segmenters.get(language)
    if (found) return found
    const isKnown = /^[a-z]{2,3}$/.test(language) && language !== 'und'
    const made = new Intl.Segmenter(isKnown ? language : 'en', { granularity: 'sentence' })
    this.#segmenters.set(language, made)
    return made
  }
}

/** Whether the first piece ended only because of a dot or a line end inside a sentence. */
function continues(before: string, after: string): boolean {
  if (/\n\s*$/.test(before)) return false
  const trimmed = before.trimEnd()
  return abbreviation.test(trimmed.slice(-12)) || (/[.…]$/.test(trimmed) && startsLower.test(after))
}

function* pieces(text: string, { start, end }: Sentence): Generator<Sentence> {
  let from = start
  while (end - from > unitsMax) {
    const to = breakAt(text, from)
    yield* trimmed(text, from, to)
    from = to
  }
  yield* trimmed(text, from, end)
}

/** The last mark, else the last space, within the limit; else the limit. */
function breakAt(text: string, from: number): number {
  const to = from + unitsMax
  for (let at = to - 1; at >= from + unitsMin; at--) {
    const isInNumber = at + 1 < to && digit.test(text[at + 1] ?? '')
    if (mark.test(text[at] ?? '') && !isInNumber) return at + 1
  }
  for (let at = to - 1; at >= from + unitsMin; at--) if (space.test(text[at] ?? '')) return at + 1
  const isPair = /[\ud800-\udbff]/.test(text[to - 1] ?? '')
  return to - (isPair ? 1 : 0)
}

function* trimmed(text: string, start: number, end: number): Generator<Sentence> {
  const piece = text.slice(start, end)
  const from = start + piece.length - piece.trimStart().length
  const to = start + piece.trimEnd().length
  if (to > from && /[\p{L}\p{N}]/u.test(piece)) yield { start: from, end: to }
}
