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
