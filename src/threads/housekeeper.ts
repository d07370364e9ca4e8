/** Work that nobody waits for: index merges and re-indexing, in short steps between operations. */

import { hasJobs } from '../library/jobs.ts'
import { mergePending, mergeStep } from '../search/merge.ts'
import type { Pool } from '../tenancy/pool.ts'
import type { Store } from '../tenancy/store.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { ShardContext } from './context.ts'
import { reindexPending, reindexStep } from './reindex.ts'

/** One step; a search that arrives during it waits at most about this long. */
const stepMs = 5

export class Housekeeper {
  readonly #context: ShardContext
  readonly #pool: () => Pool
  /** Tenants with something to do, in turn. */
  readonly #due = new Map<TenantId, string>()
  #next: NodeJS.Immediate | undefined
  #isStopped = false

  constructor(context: ShardContext, pool: () => Pool) {
    this.#context = context
    this.#pool = pool
  }

  /** Notes the store if there is work in it. Cheap: two index look-ups. */
  look(store: Store): void {
    if (this.#due.has(store.tenant)) return
    if (mergePending(store.app) || reindexPending(store.app))
      this.#due.set(store.tenant, store.generation)
  }

  /** Whether closing this store leaves something unfinished. */
  hasWork(store: Store): boolean {
    return hasJobs(store.app) || mergePending(store.app) || reindexPending(store.app)
  }

  /** Starts the next step once the messages that wait now have been answered. */
  wake(): void {
    if (this.#due.size === 0 || this.#next || this.#isStopped) return
    this.#next = setImmediate(() => {
      this.#next = undefined
      this.#step()
      this.wake()
    })
  }

  stop(): void {
    this.#isStopped = true
    if (this.#next) clearImmediate(this.#next)
  }

  #step(): void {
    const [first] = this.#due
    if (!first) return
    const [tenant, generation] = first
    this.#due.delete(tenant)
    try {
      const hasMore = this.#pool().use(tenant, { generation, create: false }, (store) =>
        reindexPending(store.app)
          ? reindexStep(this.#context, store)
          : mergeStep(store.app, stepMs) || reindexPending(store.app),
      )
      // To the end of the line: every tenant gets its turn.
      if (hasMore) this.#due.set(tenant, generation)
    } catch {
      // The store cannot be written now (full disk, damaged file): its next operation says so to its user,
      // and the next write notes the work again.
    }
  }
}
