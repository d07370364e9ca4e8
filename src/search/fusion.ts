/** One ranking from several: each arm's scores brought to a common scale and added up. */

/** An arm's hit; `score` on the arm's own scale, more is better. */
export interface ArmHit {
  readonly id: number
  readonly score: number
}

export interface Arm {
  readonly name: string
  /** Share of the arm, not negative. */
  readonly weight: number
  /** Best first, each id once. One to two hundred: fewer lose what the other arm ranks low, more change nothing. */
  readonly hits: readonly ArmHit[]
}

/**
 * `min-max` scales each arm's scores to 0 … 1 and keeps how far apart they are; better than ranks on most collections
 * (Bruch, Gai, Ingber 2023). `rrf` adds 1 / (60 + rank): for arms whose scores mean nothing (Cormack et al. 2009).
 */
export type FusionMethod = 'min-max' | 'rrf'

/** What an arm said of a hit. */
export interface ArmShare {
  readonly arm: string
  /** From 1; null when the arm did not have it. */
  readonly rank: number | null
  readonly score: number | null
  /** 0 … 1 for `min-max`, 1 / (60 + rank) for `rrf`; 0 when the arm did not have it. */
  readonly normalised: number
  /** What it added to the hit's score. */
  readonly share: number
}

export interface FusedHit {
  readonly id: number
  readonly score: number
  /** In the order of the arms. */
  readonly arms: readonly ArmShare[]
}

/** The keyword arm's share where nothing else is asked for; the vectors have the rest. */
export const defaultKeywordShare = 0.7
const rrfOffset = 60

/**
 * All hits of all arms, best first; equal scores by id. A passage that an arm does not have counts there as the arm's last
 * one: its true score is lower still, and computing it changes nothing that could be measured.
 */
export function fuse(arms: readonly Arm[], method: FusionMethod = 'min-max'): FusedHit[] {
  const shares = new Map<number, ArmShare[]>()
  for (const [index, arm] of arms.entries())
    for (const share of normalise(arm, method)) {
      const row = shares.get(share.id) ?? arms.map(({ name }) => absent(name))
      row[index] = share.share
      shares.set(share.id, row)
    }
  const hits = [...shares].map(([id, row]): FusedHit => {
    return { id, score: row.reduce((sum, { share }) => sum + share, 0), arms: row }
  })
  return hits.sort((a, b) => b.score - a.score || a.id - b.id)
}

function absent(arm: string): ArmShare {
  return { arm, rank: null, score: null, normalised: 0, share: 0 }
}

function normalise(
  { name, weight, hits }: Arm,
  method: FusionMethod,
): { id: number; share: ArmShare }[] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { score } of hits) {
    least = Math.min(least, score)
    most = Math.max(most, score)
  }
  // Where all scores are equal all are the best: a single hit must count.
  const scale = (score: number) => (most > least ? (score - least) / (most - least) : 1)
  return hits.map(({ id, score }, index) => {
    const normalised = method === 'rrf' ? 1 / (rrfOffset + index + 1) : scale(score)
    return {
      id,
      share: { arm: name, rank: index + 1, score, normalised, share: weight * normalised },
    }
  })
}

export interface CollapseOptions {
  /** The document a passage is of. */
  readonly documentOf: (id: number) => number | string
  /** Passages of one document whose ids are at most this far apart are one hit; 0 keeps all. */
  readonly neighbours: number
  /** Hits of one document at most; the best ones. No bound without it. */
  readonly perDocument?: number | undefined
}

export interface CollapsedHit<Hit> {
  readonly hit: Hit
  /** Passages that this hit stands for too, best first. */
  readonly siblings: readonly Hit[]
}

/**
 * Neighbouring passages of a document as one hit, the best of them, before the list is cut: five slices of one page
 * otherwise push everything else out.
 * @param hits best first
 */
export function collapse<Hit extends { readonly id: number }>(
  hits: readonly Hit[],
  { documentOf, neighbours, perDocument }: CollapseOptions,
): CollapsedHit<Hit>[] {
  const kept: { hit: Hit; siblings: Hit[] }[] = []
  const byDocument = new Map<number | string, { hit: Hit; siblings: Hit[] }[]>()
  for (const hit of hits) {
    const document = documentOf(hit.id)
    const others = byDocument.get(document) ?? []
    const near = others.find((other) => Math.abs(other.hit.id - hit.id) <= neighbours)
    const home =
      near ?? (others.length >= (perDocument ?? Number.POSITIVE_INFINITY) ? others[0] : undefined)
    if (home) {
      home.siblings.push(hit)
      continue
    }
    const fresh = { hit, siblings: [] }
    kept.push(fresh)
    byDocument.set(document, [...others, fresh])
  }
  return kept
}
