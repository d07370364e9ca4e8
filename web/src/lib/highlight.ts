/** A text cut where highlights begin and end, ready to be shown part by part. */
import type { PieceRange } from './match-passage.ts'

/** What is highlighted: a passage, and within it the words that its snippet marks. */
export interface Mark {
  readonly text: string
  readonly snippet: string
  /** Which of the places where the page says the same, from 0. */
  readonly occurrence?: number
}

export type Emphasis = 'none' | 'passage' | 'word'

export interface TextPart {
  readonly text: string
  readonly emphasis: Emphasis
}

/** @returns the whole text in parts; a word within the passage is a word */
export function cutText(
  text: string,
  passage: readonly Pick<PieceRange, 'start' | 'end'>[],
  words: readonly Pick<PieceRange, 'start' | 'end'>[],
): TextPart[] {
  const cuts = new Set([0, text.length])
  for (const { start, end } of [...passage, ...words]) cuts.add(start).add(end)
  const places = [...cuts].filter((at) => at >= 0 && at <= text.length).toSorted((a, b) => a - b)
  return places.slice(0, -1).map((start, at) => {
    const end = places[at + 1] ?? text.length
    const isIn = (range: Pick<PieceRange, 'start' | 'end'>): boolean =>
      range.start <= start && range.end >= end
    let emphasis: Emphasis = 'none'
    if (words.some(isIn)) emphasis = 'word'
    else if (passage.some(isIn)) emphasis = 'passage'
    return { text: text.slice(start, end), emphasis }
  })
}
