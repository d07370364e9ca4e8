/** Which hits an answer is drawn from: few, of several documents, none that says the same again, none that is filling. */

/** Of one document while others have something to say. */
const perDocumentMax = 3
/** Passages that share so many of their words are one: copies, editions, the overlap of neighbours. */
const sameShare = 0.8
/** The filling passages do not earn: far below the best, a hit is there because something had to be. */
const scoreShareMin = 0.15

export interface SourceHit {
  readonly document_id: string
  readonly text: string
  readonly score: number
}

/**
 * @param hits best first; read only as far as they are needed
 * @returns best first, but for those of a document that has its share: they come last
 */
export function chooseSources<Hit extends SourceHit>(
  hits: Iterable<Hit>,
  sourcesMax: number,
): Hit[] {
  const chosen: Hit[] = []
  const words: Set<string>[] = []
  const perDocument = new Map<string, number>()
  const passedOver: Hit[] = []
  const take = (hit: Hit): void => {
    const own = new Set(hit.text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [])
    if (words.some((other) => isSame(own, other))) return
    words.push(own)
    chosen.push(hit)
    perDocument.set(hit.document_id, (perDocument.get(hit.document_id) ?? 0) + 1)
  }
  let best: number | undefined
  for (const hit of hits) {
    best ??= hit.score
    if (best > 0 && hit.score < best * scoreShareMin) break
    if ((perDocument.get(hit.document_id) ?? 0) >= perDocumentMax) passedOver.push(hit)
    else take(hit)
    if (chosen.length >= sourcesMax) return chosen
  }
  for (const hit of passedOver) if (chosen.length < sourcesMax) take(hit)
  return chosen
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  let shared = 0
  for (const word of a) if (b.has(word)) shared++
  return shared >= sameShare * Math.max(a.size, b.size) && shared > 0
}
