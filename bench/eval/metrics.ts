/** How good a ranking is, as trec_eval counts, and whether a difference is more than chance. */
import { seededRandom } from '../lib/random.ts'

const permutations = 10_000

export interface Figures {
  readonly ndcg10: number
  /** Over the first hundred hits. */
  readonly map: number
  readonly recall100: number
  readonly mrr10: number
}

/** @param ranked ids, best first */
export function judge(ranked: readonly string[], relevant: ReadonlyMap<string, number>): Figures {
  const gains = ranked.slice(0, 10).map((id) => relevant.get(id) ?? 0)
  const ideal = [...relevant.values()].sort((a, b) => b - a).slice(0, 10)
  const first = gains.findIndex((gain) => gain > 0)
  let found = 0
  let precisions = 0
  for (const [index, id] of ranked.slice(0, 100).entries())
    if (relevant.has(id)) precisions += ++found / (index + 1)
  return {
    ndcg10: discounted(gains) / discounted(ideal),
    map: precisions / relevant.size,
    recall100: found / relevant.size,
    mrr10: first < 0 ? 0 : 1 / (first + 1),
  }
}

function discounted(gains: readonly number[]): number {
  return gains.reduce((sum, gain, index) => sum + gain / Math.log2(index + 2), 0)
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}

/**
 * Fisher's randomisation test of paired differences (Smucker, Allan, Carterette 2007).
 * @returns how probable a mean difference as large would be if the two were as good as each other
 */
export function pairedTest(a: readonly number[], b: readonly number[]): number {
  const differences = a.map((value, index) => value - (b[index] ?? 0))
  const observed = Math.abs(differences.reduce((sum, value) => sum + value, 0))
  const random = seededRandom(1)
  let asLarge = 0
  for (let turn = 0; turn < permutations; turn++) {
    let sum = 0
    for (const difference of differences) sum += random() < 0.5 ? difference : -difference
    if (Math.abs(sum) >= observed - 1e-12) asLarge++
  }
  return asLarge / permutations
}
