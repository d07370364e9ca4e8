/** Originals that a snapshot under way may still link to: their removal waits for its end. */
import { removeDurably } from '../base/fs.ts'
import { documentBySha256 } from '../library/documents.ts'
import { originalPath } from '../tenancy/layout.ts'
import type { Store } from '../tenancy/store.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

interface Original {
  readonly sha256: string
  readonly extension: string
}

/** Kept in memory alone: after a crash the tenant's recovery removes what no row knows. */
export class HeldOriginals {
  readonly #held = new Map<TenantId, { holders: number; dropped: Original[] }>()

  hold(tenant: TenantId): void {
    const held = this.#held.get(tenant)
    if (held) held.holders++
    else this.#held.set(tenant, { holders: 1, dropped: [] })
  }

  /** Its row is gone: removes the file, now or when the last snapshot has ended. */
  drop({ tenant, directory }: Store, original: Original): void {
    const held = this.#held.get(tenant)
    if (held) held.dropped.push(original)
    else removeDurably(originalPath(directory, original.sha256, original.extension))
  }

  release({ tenant, directory, app }: Store): void {
    const held = this.#held.get(tenant)
    if (!held || --held.holders > 0) return
    this.#held.delete(tenant)
    for (const { sha256, extension } of held.dropped) {
      // The same bytes may have come again meanwhile.
      if (documentBySha256(app, sha256)) continue
      removeDurably(originalPath(directory, sha256, extension))
    }
  }
}
