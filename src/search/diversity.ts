/** Which hits are shown: one for a place in a text, and not one document's alone while others are nearly as good. */

/** A part of a page, in UTF-16 units of the page. */
export interface PageSpan {
  readonly page: number
  readonly start: number
  readonly end: number
}

/** Where a passage stands. */
export interface Place {
  readonly document: number
  readonly spans: readonly PageSpan[]
}

export interface DiversityOptions<Hit> {
  /** How many hits are shown at most. */
  readonly limit: number
  /** Undefined for a passage that is gone. Asked only for hits that may be shown. */
  readonly placeOf: (hit: Hit) => Place | undefined
  /** Hits of one document at most; no bound without it. */
  readonly perDocumentMax?: number | undefined
  /** False keeps the order and every hit, within `perDocumentMax`. */
  readonly isDiverse: boolean
}

export interface ShownHit<Hit> {
  readonly hit: Hit
  /** Neighbours among the hits that share text with it and are not shown themselves. */
  readonly more: readonly Hit[]
}

/** From so many hits of a document on, one of a document with fewer goes first, */
const freeHits = 3
/** when its score is at least this part of the other's. */
const nearlyAsGood = 0.9

/**
 * The hits to show, best first but for those that gave way. Passages of a section repeat each other's last sentences: of
 * two neighbours that share text, the better one is shown and stands for both.
 * @param hits best first, each id once
 */
export function diverse<Hit extends { readonly id: number; readonly score: number }>(
  hits: readonly Hit[],
  options: DiversityOptions<Hit>,
): ShownHit<Hit>[] {
  const picker = new Picker(hits, options)
  const shown: ShownHit<Hit>[] = []
  while (shown.length < options.limit) {
    const found = picker.next()
    if (!found) break
    shown.push(found)
  }
  return shown
}

class Picker<Hit extends { readonly id: number; readonly score: number }> {
  readonly #hits: readonly Hit[]
  readonly #options: DiversityOptions<Hit>
  readonly #places = new Map<Hit, Place | undefined>()
  readonly #byId: ReadonlyMap<number, Hit>
  readonly #used = new Set<Hit>()
  readonly #counts = new Map<number, number>()
  #at = 0

  constructor(hits: readonly Hit[], options: DiversityOptions<Hit>) {
    this.#hits = hits
    this.#options = options
    this.#byId = new Map(options.isDiverse ? hits.map((hit) => [hit.id, hit]) : [])
  }

  next(): ShownHit<Hit> | undefined {
    for (; this.#at < this.#hits.length; this.#at++) {
      const hit = this.#hits[this.#at] as Hit
      if (!this.#isFree(hit)) continue
      return this.#show(this.#options.isDiverse ? this.#better(hit) : hit)
    }
    return undefined
  }

  /** The hit itself, or one that it gives way to. */
  #better(hit: Hit): Hit {
    if (this.#count(hit) < freeHits) return hit
    for (let at = this.#at + 1; at < this.#hits.length; at++) {
      const other = this.#hits[at] as Hit
      if (other.score < hit.score * nearlyAsGood) break
      if (this.#isFree(other) && this.#count(other) < freeHits) return other
    }
    return hit
  }

  #show(hit: Hit): ShownHit<Hit> {
    this.#used.add(hit)
    const document = this.#place(hit)?.document ?? 0
    this.#counts.set(document, this.#count(hit) + 1)
    const more = [hit.id - 1, hit.id + 1].flatMap((id) => {
      const other = this.#byId.get(id)
      if (!other || this.#used.has(other) || !this.#sharesText(hit, other)) return []
      this.#used.add(other)
      return [other]
    })
    return { hit, more }
  }

  #isFree(hit: Hit): boolean {
    if (this.#used.has(hit) || !this.#place(hit)) return false
    return this.#count(hit) < (this.#options.perDocumentMax ?? Number.POSITIVE_INFINITY)
  }

  #count(hit: Hit): number {
    return this.#counts.get(this.#place(hit)?.document ?? 0) ?? 0
  }

  #sharesText(a: Hit, b: Hit): boolean {
    const [one, other] = [this.#place(a), this.#place(b)]
    return one !== undefined && one.document === other?.document && overlap(one.spans, other.spans)
  }

  #place(hit: Hit): Place | undefined {
    if (!this.#places.has(hit)) this.#places.set(hit, this.#options.placeOf(hit))
    return this.#places.get(hit)
  }
}

function overlap(a: readonly PageSpan[], b: readonly PageSpan[]): boolean {
  return a.some((one) =>
    b.some(({ page, start, end }) => page === one.page && start < one.end && one.start < end),
  )
}
