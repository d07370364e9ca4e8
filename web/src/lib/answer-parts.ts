/** An answer taken apart for the screen: paragraphs of text, and a chip where it names a source. Nothing of it is markup. */
import type { Citation, Label } from '../api/types-chat.ts'

export type AnswerPart =
  | { readonly kind: 'text'; readonly text: string; readonly isUnsupported: boolean }
  | {
      readonly kind: 'chip'
      readonly n: number
      /** Of the worst of what it stands behind; `open` until it was looked up. */
      readonly label: Label | 'open'
      /** Which citation to open: its place among the citations; -1 while there is none. */
      readonly citation: number
    }

const marker = /\[(\d{1,3})\]/g
const worst: readonly Label[] = ['not_found', 'close', 'verified']

interface Paragraph {
  readonly parts: readonly AnswerPart[]
  /** Where its text ends. */
  readonly end: number
  /** Places of the citations that its chips stand for. */
  readonly taken: readonly number[]
}

/** An answer as far as it is there, with what it takes to go on from. */
export interface AnswerCut {
  readonly text: string
  readonly citations: readonly Citation[]
  readonly paragraphs: readonly Paragraph[]
}

/**
 * @param citations in the order in which the server told them; places are in UTF-16 units of `text`
 * @param before of the same answer when less of it was there: what cannot have changed since is the same object again
 */
export function cutAnswer(
  text: string,
  citations: readonly Citation[],
  before?: AnswerCut,
): AnswerCut {
  const paragraphs = before ? finished(text, citations, before) : []
  const unsupported = citations.filter(({ label }) => label === 'not_found')
  const taken = new Set(paragraphs.flatMap((paragraph) => paragraph.taken))
  const begin = paragraphs.at(-1)?.end ?? 0
  let at = begin
  for (const gap of [...text.slice(begin).matchAll(/\n\s*\n/g), undefined]) {
    const end = gap ? begin + gap.index : text.length
    const known = taken.size
    const parts: AnswerPart[] = []
    let from = at
    for (const found of text.slice(at, end).matchAll(marker)) {
      const place = at + found.index
      parts.push(...textParts(text, from, place, unsupported))
      parts.push(chip(Number(found[1]), place, citations, taken))
      from = place + found[0].length
    }
    parts.push(...textParts(text, from, end, unsupported))
    if (parts.length > 0) paragraphs.push({ parts, end, taken: [...taken].slice(known) })
    at = end + (gap?.[0].length ?? 0)
  }
  return { text, citations, paragraphs }
}

/** The last paragraph may go on, and a citation that is new changes what stands where it begins and after. */
function finished(text: string, citations: readonly Citation[], before: AnswerCut): Paragraph[] {
  const isLonger =
    text.startsWith(before.text) && before.citations.every((one, at) => one === citations[at])
  if (!isLonger) return []
  const fresh = citations.slice(before.citations.length)
  const changed = Math.min(...fresh.map(({ answer_start }) => answer_start))
  return before.paragraphs.slice(0, -1).filter(({ end }) => end <= changed)
}

/** What was looked up for this marker: it stands before it and names the same source. */
function chip(
  n: number,
  place: number,
  citations: readonly Citation[],
  taken: Set<number>,
): AnswerPart {
  const own = citations.flatMap((citation, index) =>
    citation.n === n && citation.answer_end <= place && !taken.has(index) ? [index] : [],
  )
  for (const index of own) taken.add(index)
  const [first] = own.toSorted((a, b) => rank(citations[a]) - rank(citations[b]))
  const label = first === undefined ? undefined : citations[first]?.label
  return { kind: 'chip', n, label: label ?? 'open', citation: first ?? -1 }
}

function rank(citation: Citation | undefined): number {
  return citation ? worst.indexOf(citation.label) : worst.length
}

/** Cut where a stretch without a source begins and ends. */
function textParts(
  text: string,
  from: number,
  to: number,
  unsupported: readonly Citation[],
): AnswerPart[] {
  const cuts = unsupported.flatMap(({ answer_start, answer_end }) => [answer_start, answer_end])
  const places = [from, ...cuts.filter((at) => at > from && at < to), to].toSorted((a, b) => a - b)
  return places.slice(0, -1).flatMap((start, index) => {
    const end = places[index + 1] ?? to
    const isUnsupported = unsupported.some(
      ({ answer_start, answer_end }) => answer_start <= start && answer_end >= end,
    )
    return start === end ? [] : [{ kind: 'text', text: text.slice(start, end), isUnsupported }]
  })
}
