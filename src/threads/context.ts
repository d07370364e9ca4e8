/** What operations share within one shard thread: caches that hold no tenant's content, and settings. */
import { LibraryLanguages } from '../library/languages.ts'
import type { Analyser } from '../search/analysis/analyser.ts'
import { createAnalyser } from '../search/analysis/analyser.ts'
import { TermCounter } from '../search/embed/text-terms.ts'
import { createScratch } from '../search/keyword-search.ts'
import type { SearchScratch } from '../search/scoring.ts'
import { VectorEngine } from '../search/vectors/vector-search.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { HeldOriginals } from './held-originals.ts'
import type { RankingSettings } from './protocol.ts'
import { MissingVectors } from './remote-spaces.ts'

/** A query is analysed once for each; the rest of a library's languages share their words with these or are rare. */
const languagesMax = 6

export interface ShardContext {
  /** Stems seen before, per language; bounded. Words only, nobody's text. */
  readonly analyser: Analyser
  /** Score arrays, used again by the next search; cleared by each. */
  readonly scratch: SearchScratch
  /** Counts terms as the built-in embedder does; remembers stop words only. */
  readonly counter: TermCounter
  /** Blocks of the spaces searched last, bounded; forgets a store when it closes. */
  readonly engine: VectorEngine
  readonly ranking: RankingSettings
  /** Of the libraries that are open: language codes, nobody's text. */
  readonly languages: LibraryLanguages
  /** Who is to make vectors: this thread, or an endpoint that the main thread asks. */
  readonly embedder: 'builtin' | 'remote'
  readonly missingVectors: MissingVectors
  /** The remote embedder's space as the main thread asked for it last. */
  wantedSpace: string | undefined
  /** Whose vectors turned out to be unreadable, with their directories: they are made anew, the words serve meanwhile. */
  readonly damagedVectors: Map<TenantId, string>
  /** Originals whose removal waits for a snapshot. */
  readonly heldOriginals: HeldOriginals
  nowMs(): number
}

export function createShardContext(
  ranking: RankingSettings,
  vectorCacheBytesMax: number,
  embedder: 'builtin' | 'remote' = 'builtin',
): ShardContext {
  const analyser = createAnalyser()
  return {
    analyser,
    scratch: createScratch(),
    counter: new TermCounter(analyser),
    engine: new VectorEngine(vectorCacheBytesMax),
    ranking,
    languages: new LibraryLanguages(languagesMax),
    embedder,
    missingVectors: new MissingVectors(),
    wantedSpace: undefined,
    damagedVectors: new Map(),
    heldOriginals: new HeldOriginals(),
    nowMs: () => Date.now(),
  }
}
