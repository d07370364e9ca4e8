/** Where a page says most of what a claim says in other words. */
import type { Words } from './alignment.ts'

/** So much of a claim's words has to stand together. */
const coverageMin = 0.6
/** With fewer words than these it says too little to be looked for. */
const wordsMin = 4
/** A claim is drawn from a stretch some times as long, never from less than two sentences. In words. */
const stretchFactor = 3
const stretchMin = 30
const number = /\p{Nd}/u

export interface Stretch {
  /** First and one past the last word of the page. */
  readonly from: number
  readonly to: number
}

/** The stretch with most of the claim's words and all of its numbers; undefined when there is none. */
export function coveredBy(claim: Words, page: Words): Stretch | undefined {
  const wanted = new Set(claim.texts.filter((_, at) => claim.weights[at] !== 0))
  if (wanted.size < wordsMin) return undefined
  const numbers = claim.texts.filter((text) => number.test(text))
  const best = densest(
    wanted,
    numbers,
    page,
    Math.max(stretchMin, claim.texts.length * stretchFactor),
  )
  if (best.covered / wanted.size < coverageMin) return undefined
  let { from } = best
  while (from < best.to && !wanted.has(page.texts[from] ?? '')) from++
  return { from, to: best.to }
}

function densest(
  wanted: ReadonlySet<string>,
  numbers: readonly string[],
  page: Words,
  length: number,
): Stretch & { covered: number } {
  const counts = new Map<string, number>()
  const count = (text: string | undefined, by: number): void => {
    if (text === undefined || !wanted.has(text)) return
    const next = (counts.get(text) ?? 0) + by
    if (next > 0) counts.set(text, next)
    else counts.delete(text)
  }
  let best = { from: 0, to: 0, covered: 0 }
  for (let to = 1; to <= page.texts.length; to++) {
    count(page.texts[to - 1], 1)
    count(page.texts[to - 1 - length], -1)
    const isBetter = counts.size > best.covered && numbers.every((one) => counts.has(one))
    if (isBetter) best = { from: Math.max(0, to - length), to, covered: counts.size }
  }
  return best
}
