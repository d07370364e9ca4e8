/** What operations share within one shard thread: caches that hold no tenant's content, and settings. */
import type { Analyser } from '../search/analysis/analyser.ts'
import { createAnalyser } from '../search/analysis/analyser.ts'
import { createScratch } from '../search/keyword-search.ts'
import type { SearchScratch } from '../search/scoring.ts'
import type { RankingSettings } from './protocol.ts'

export interface ShardContext {
  /** Stems seen before, per language; bounded. Words only, nobody's text. */
  readonly analyser: Analyser
  /** Score arrays, used again by the next search; cleared by each. */
  readonly scratch: SearchScratch
  readonly ranking: RankingSettings
  nowMs(): number
}

export function createShardContext(ranking: RankingSettings): ShardContext {
  return { analyser: createAnalyser(), scratch: createScratch(), ranking, nowMs: () => Date.now() }
}
