/** Snippets: the part of a passage where most of the query stands, as HTML with the words that matched marked. */
import type { Analyser, WordPlaces } from './analysis/analyser.ts'
import { phraseMatcher } from './phrase.ts'

/** What to mark, as a search returns it. */
export interface SnippetTerms {
  readonly terms: ReadonlySet<string>
  /** Folded words of each phrase. */
  readonly phrases: readonly (readonly string[])[]
}

export interface Snippet {
  /** Escaped for HTML; `<mark>` around what matched, no other tags. */
  readonly html: string
  /** Which part of the text it is, in UTF-16 units. */
  readonly start: number
  readonly end: number
  /** Where the first phrase stands in it, else the first word that matched; the start where nothing did. It tells the page. */
  readonly matchAt: number
}

/** About three lines on a screen, in UTF-16 units. */
const lengthWanted = 240
/** A passage is far shorter; what is longer is looked at up to here. */
const textUnitsMax = 200_000
/** A word at the edge is taken whole, unless it is longer than this: then it is no word. */
const edgeWordMax = 48
const phrasePlacesMax = 16
/** A phrase that was asked for outweighs any number of its words alone. */
const phraseWeight = 8
/** A further occurrence of a word already there, against a different word. */
const repeatWeight = 0.1

interface Match {
  readonly start: number
  readonly end: number
  /** The same for occurrences of the same word. */
  readonly name: string
  readonly weight: number
}

interface Span {
  readonly start: number
  readonly end: number
}

/** @param language of the passage */
export function snippet(
  text: string,
  wanted: SnippetTerms,
  language: string,
  analyser: Analyser,
): Snippet {
  const looked = text.slice(0, textUnitsMax)
  const places = analyser.places(looked, language, wanted.terms)
  const matches = findMatches(looked, places, wanted, { language, analyser })
  const best = bestStretch(matches)
  const window = cleanEdges(text, places, widen(best, text.length))
  const marks = joinSpans(matches, window)
  return {
    html: toHtml(text, window, marks),
    start: window.start,
    end: window.end,
    matchAt: matchAt(matches, best) ?? window.start,
  }
}

function findMatches(
  text: string,
  { found }: WordPlaces,
  { phrases }: SnippetTerms,
  { language, analyser }: { language: string; analyser: Analyser },
): Match[] {
  const matches: Match[] = found.map(({ start, end, term }) => {
    return { start, end, name: term, weight: 1 }
  })
  for (const words of phrases)
    for (const { start, end } of phraseMatcher(words, language, analyser).places(
      text,
      phrasePlacesMax,
    ))
      matches.push({ start, end, name: `"${words.join(' ')}"`, weight: phraseWeight })
  return matches.sort((a, b) => a.start - b.start || a.end - b.end)
}

/** The stretch of matches, no longer than a snippet, that is worth most. */
function bestStretch(matches: readonly Match[]): Span {
  let best: Span = { start: 0, end: 0 }
  let bestWorth = 0
  for (const [first, { start }] of matches.entries()) {
    const seen = new Set<string>()
    let worth = 0
    let end = start
    for (let at = first; at < matches.length; at++) {
      const match = matches[at]
      if (!match || match.end > start + lengthWanted) break
      worth += match.weight * (seen.has(match.name) ? repeatWeight : 1)
      seen.add(match.name)
      end = Math.max(end, match.end)
    }
    if (worth <= bestWorth) continue
    bestWorth = worth
    best = { start, end }
  }
  return best
}

function matchAt(matches: readonly Match[], { start, end }: Span): number | undefined {
  const inside = matches.filter((match) => match.start >= start && match.end <= end)
  return (inside.find(({ weight }) => weight === phraseWeight) ?? inside[0])?.start
}

/** With text around it up to the wanted length. */
function widen(best: Span, length: number): Span {
  const spare = Math.max(0, lengthWanted - (best.end - best.start))
  // A little more room before than after: a sentence is understood from its beginning.
  const from = Math.max(0, Math.min(best.start - Math.ceil(spare / 2), length - lengthWanted))
  return { start: from, end: Math.min(length, Math.max(best.end, from + lengthWanted)) }
}

/** Moves the edges so that no word and no character is cut, and no space is left outside words. */
function cleanEdges(text: string, { starts, ends }: WordPlaces, { start, end }: Span): Span {
  const first = starts[ends.findIndex((wordEnd) => wordEnd > start)] ?? start
  const last = ends.findIndex((wordEnd) => wordEnd > end)
  const isCutFirst = first < start && start - first <= edgeWordMax
  const lastEnd = ends[last] ?? end
  const isCutLast = (starts[last] ?? end) < end && lastEnd - end <= edgeWordMax
  const from = wholeCharacter(text, isCutFirst ? first : start)
  const to = wholeCharacter(text, isCutLast ? lastEnd : end)
  const leading = /^\s*/.exec(text.slice(from, to))?.[0].length ?? 0
  const trailing = /\s*$/.exec(text.slice(from + leading, to))?.[0].length ?? 0
  return { start: from + leading, end: to - trailing }
}

function wholeCharacter(text: string, at: number): number {
  const isInside =
    at > 0 &&
    at < text.length &&
    isSurrogate(text.charCodeAt(at), 0xdc00) &&
    isSurrogate(text.charCodeAt(at - 1), 0xd800)
  return isInside ? at - 1 : at
}

function isSurrogate(unit: number, kind: number): boolean {
  return (unit & 0xfc00) === kind
}

/** What is marked inside the window: ascending, overlaps joined. */
function joinSpans(matches: readonly Match[], window: Span): Span[] {
  const spans: { start: number; end: number }[] = []
  for (const match of matches) {
    const start = Math.max(match.start, window.start)
    const end = Math.min(match.end, window.end)
    const open = spans.at(-1)
    if (end <= start) continue
    if (open && start < open.end) open.end = Math.max(open.end, end)
    else spans.push({ start, end })
  }
  return spans
}

function toHtml(text: string, window: Span, marks: readonly Span[]): string {
  let html = ''
  let at = window.start
  for (const { start, end } of marks) {
    html += `${escapeHtml(text.slice(at, start))}<mark>${escapeHtml(text.slice(start, end))}</mark>`
    at = end
  }
  return html + escapeHtml(text.slice(at, window.end))
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
