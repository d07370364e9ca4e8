/** The stores that one shard has open: bounded, least recently used closed first, leased ones never. */
import { LRUCache } from 'lru-cache'
import { Problem } from '../base/problem.ts'
import type { Quota } from './quota.ts'
import { closeStore, openStore, type Store } from './store.ts'
import type { TenantId } from './tenant-id.ts'

/** Which life of a tenant is meant. */
export interface Expected {
  readonly generation: string | undefined
  readonly create: boolean
  /** Lives that ended: refused. */
  readonly deleted?: readonly string[]
}

export interface PoolOptions {
  readonly dataDir: string
  /** Open stores at most; six descriptors each. */
  readonly storesMax: number
  /** A store that nobody used for this long is closed, so that its directory is at rest. */
  readonly idleMs: number
  /** Told after a store closed; `atRest` when no log file was left beside the databases. */
  readonly onClose?: (closed: { tenant: TenantId; atRest: boolean; unfinished: boolean }) => void
  /** Asked before a store closes: is there work in it that somebody must come back for? */
  readonly hasWork?: (store: Store) => boolean
  readonly onOpen?: (store: Store) => void
  /** Told while the store is still open: whoever remembers something of its files forgets it. */
  readonly onClosing?: (store: Store) => void
}

export interface PoolStats {
  readonly open: number
  readonly leased: number
  readonly opens: number
  readonly hits: number
  readonly evictions: number
  readonly idleCloses: number
}

export interface Lease {
  readonly store: Store
  release(): void
}

interface Entry {
  readonly store: Store
  leases: number
}

/** Of fewer, none is given up for a place that is free. */
const spareFromStores = 16

/** Everything here is synchronous and on one thread: no store can be in use when it is closed. */
export class Pool {
  readonly #options: PoolOptions
  readonly #resting: LRUCache<TenantId, Entry>
  readonly #leased = new Map<TenantId, Entry>()
  #opens = 0
  #hits = 0
  #evictions = 0
  #idleCloses = 0

  constructor(options: PoolOptions) {
    this.#options = options
    this.#resting = new LRUCache<TenantId, Entry>({
      max: options.storesMax,
      ttl: options.idleMs,
      updateAgeOnGet: true,
      // A stale entry is still an open store: it is served, and closed only by the sweep.
      allowStale: true,
      noDeleteOnStaleGet: true,
    })
  }

  /** Lends the store for one synchronous call. @throws what `openStore` throws */
  use<T>(tenant: TenantId, expected: Expected & { quota?: Quota }, work: (store: Store) => T): T {
    const { store } = this.#entry(tenant, expected)
    if (expected.quota) store.quota = expected.quota
    return work(store)
  }

  /** Keeps the store open over an await (a snapshot, a long export) until released. */
  lease(tenant: TenantId, expected: Expected): Lease {
    const entry = this.#entry(tenant, expected)
    entry.leases++
    // Forgotten by the cache without being closed: a leased store cannot be chosen for closing.
    this.#resting.delete(tenant)
    this.#leased.set(tenant, entry)
    let isReleased = false
    return {
      store: entry.store,
      release: () => {
        if (isReleased) return
        isReleased = true
        if (--entry.leases > 0) return
        this.#leased.delete(tenant)
        this.#resting.set(tenant, entry)
      },
    }
  }

  /** Closes what nobody used for `idleMs`. */
  closeIdle(): void {
    for (const tenant of [...this.#resting.keys()]) {
      if (this.#resting.getRemainingTTL(tenant) > 0) continue
      this.#idleCloses++
      this.close(tenant)
    }
  }

  /** Closes one tenant's store if it is open. @returns false when it is leased and stays open */
  close(tenant: TenantId): boolean {
    if (this.#leased.has(tenant)) return false
    const entry = this.#resting.peek(tenant, { allowStale: true })
    if (!entry) return true
    this.#resting.delete(tenant)
    this.#closeEntry(entry)
    return true
  }

  /** Closes everything, leases or not: the end of the thread. */
  closeAll(): void {
    for (const entry of this.#leased.values()) this.#resting.set(entry.store.tenant, entry)
    this.#leased.clear()
    for (const tenant of [...this.#resting.keys()]) this.close(tenant)
  }

  stats(): PoolStats {
    return {
      open: this.#resting.size + this.#leased.size,
      leased: this.#leased.size,
      opens: this.#opens,
      hits: this.#hits,
      evictions: this.#evictions,
      idleCloses: this.#idleCloses,
    }
  }

  #entry(tenant: TenantId, expected: Expected): Entry {
    const found = this.#leased.get(tenant) ?? this.#resting.get(tenant)
    if (found) {
      if (expected.generation !== undefined && expected.generation !== found.store.generation)
        throw new Problem('tenant_mismatch', 'The library changed while it was open: try again.')
      this.#hits++
      return found
    }
    this.#makeRoom()
    const store = openStore(this.#options.dataDir, tenant, expected)
    this.#opens++
    const entry = { store, leases: 0 }
    this.#resting.set(tenant, entry)
    this.#options.onOpen?.(store)
    return entry
  }

  /** Closes the store that rested longest, where every place is taken: whoever opens one next need not wait for that. */
  keepSpare(): void {
    const { storesMax } = this.#options
    if (storesMax < spareFromStores || this.#resting.size + this.#leased.size < storesMax) return
    const [oldest] = this.#resting.rkeys()
    if (oldest === undefined) return
    this.#evictions++
    this.close(oldest)
  }

  /** Before opening, not after: descriptors are what the limit protects. */
  #makeRoom(): void {
    while (this.#resting.size + this.#leased.size >= this.#options.storesMax) {
      const [oldest] = this.#resting.rkeys()
      if (oldest === undefined)
        throw new Problem('overloaded', 'Every open library is busy: try again in a moment.', {
          retryAfterS: 1,
        })
      this.#evictions++
      this.close(oldest)
    }
  }

  /** A store that cannot be asked any more must close all the same; somebody must come back for it. */
  #hasWork(store: Store): boolean {
    try {
      return this.#options.hasWork?.(store) ?? false
    } catch {
      return true
    }
  }

  #closeEntry({ store }: Entry): void {
    const unfinished = this.#hasWork(store)
    this.#options.onClosing?.(store)
    const atRest = closeStore(store)
    this.#options.onClose?.({ tenant: store.tenant, atRest, unfinished })
  }
}
