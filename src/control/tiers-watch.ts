/** The tiers file while the server runs: read again when it changes and at SIGHUP; a bad one changes nothing. */
import { unwatchFile, watchFile } from 'node:fs'
import { readTiersFile, type TierTable } from './tiers.ts'

/** By looking, not by events: editors replace files, and container mounts send none. */
const lookEveryMs = 2_000

export interface TiersWatchOptions {
  readonly onTable: (table: TierTable) => void
  /** Told in one line; the table before stays. */
  readonly onFault: (error: unknown) => void
}

/** @returns stops watching */
export function watchTiers(path: string, { onTable, onFault }: TiersWatchOptions): () => void {
  const read = (): void => {
    try {
      onTable(readTiersFile(path))
    } catch (error) {
      onFault(error)
    }
  }
  watchFile(path, { interval: lookEveryMs, persistent: false }, read)
  process.on('SIGHUP', read)
  return () => {
    unwatchFile(path, read)
    process.off('SIGHUP', read)
  }
}
