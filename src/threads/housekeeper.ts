/** Work that nobody waits for: merges, re-indexing and vectors, in short steps between operations. */
import { isDamage } from '../base/sqlite.ts'
import { hasJobs } from '../library/jobs.ts'
import { publishedPassages } from '../library/passages.ts'
import { setVectorNote, vectorNote } from '../library/vector-changes.ts'
import { mergePending, mergeStep } from '../search/merge.ts'
import type { Pool } from '../tenancy/pool.ts'
import { moveWalls } from '../tenancy/quota.ts'
import { discardVecs, type Store } from '../tenancy/store.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { ShardContext } from './context.ts'
import { reanalysisPending, reanalysisStep, reindexPending, reindexStep } from './reindex.ts'
import { remoteUnfinished } from './remote-spaces.ts'
import { fitPlan } from './vector-spaces.ts'
import { VectorWork } from './vector-work.ts'

/** One step; a search that arrives during it waits at most about this long. */
const stepMs = 3
/** Of embedding; storing what was embedded comes on top. */
const embedMs = 2

export interface HousekeeperOptions {
  readonly pool: () => Pool
  /** The tenant's vectors are complete, and its library has changed enough to be learnt from (again). */
  readonly onFitDue: (tenant: TenantId) => void
  /** Passages may be without a vector of the remote embedder. */
  readonly onEmbedDue: (tenant: TenantId) => void
}

export class Housekeeper {
  readonly #context: ShardContext
  readonly #options: HousekeeperOptions
  readonly #vectors: VectorWork
  /** Tenants with something to do, in turn. */
  readonly #due = new Map<TenantId, string>()
  /** Not looked at since: whoever asked first need not wait for that. */
  readonly #opened = new Set<Store>()
  #next: NodeJS.Immediate | undefined
  #isStopped = false

  constructor(context: ShardContext, options: HousekeeperOptions) {
    this.#context = context
    this.#options = options
    this.#vectors = new VectorWork(context)
  }

  /** A store was opened: whatever it was left with is taken up again. */
  opened(store: Store): void {
    this.#guarded(store, () => this.#vectors.opened(store))
    this.#opened.add(store)
  }

  /** A store is about to be closed. */
  closing(store: Store): void {
    this.#opened.delete(store)
    this.#vectors.forget(store)
    this.#context.engine.forget(store.vecs)
  }

  /** The tenant is closed for good or for a while: nothing here opens it again. */
  forget(tenant: TenantId): void {
    this.#due.delete(tenant)
    this.#context.damagedVectors.delete(tenant)
  }

  /** Notes the store if there is work in it. Cheap: a few index look-ups. */
  look(store: Store): void {
    if (this.#due.has(store.tenant)) return
    if (wordsPending(store) || this.#vectorsPending(store))
      this.#due.set(store.tenant, store.generation)
  }

  /** Whether closing this store leaves something unfinished. */
  hasWork(store: Store): boolean {
    return (
      hasJobs(store.app) ||
      wordsPending(store) ||
      this.#vectorsPending(store) ||
      vectorNote(store.vecs, 'learn') !== undefined ||
      (this.#isRemote && remoteUnfinished(store))
    )
  }

  /** Starts the next step once the messages that wait now have been answered. */
  wake(): void {
    const isIdle =
      this.#due.size + this.#opened.size === 0 && this.#context.damagedVectors.size === 0
    if (isIdle || this.#next || this.#isStopped) return
    this.#next = setImmediate(() => {
      this.#next = undefined
      this.#discardDamaged()
      this.#lookAtOpened()
      this.#step()
      // What is leased cannot be discarded yet: the next message tries again.
      if (this.#due.size + this.#opened.size > 0) this.wake()
    })
  }

  stop(): void {
    this.#isStopped = true
    if (this.#next) clearImmediate(this.#next)
  }

  get #isRemote(): boolean {
    return this.#context.embedder === 'remote'
  }

  #lookAtOpened(): void {
    for (const store of [...this.#opened]) {
      this.#opened.delete(store)
      try {
        this.look(store)
        this.#guarded(store, () => this.#tellOpened(store))
      } catch {
        // It cannot be read or written now: its next operation says so to its user, and the next write looks again.
      }
    }
  }

  #tellOpened(store: Store): void {
    if (vectorNote(store.vecs, 'learn') !== undefined) this.#tellFit(store)
    // Which space the endpoint is in now the main thread knows: a library whose vectors are another model's is noticed here.
    if (this.#isRemote && publishedPassages(store.app) > 0) this.#options.onEmbedDue(store.tenant)
  }

  #step(): void {
    const [first] = this.#due
    if (!first) return
    const [tenant, generation] = first
    this.#due.delete(tenant)
    try {
      const hasMore = this.#options
        .pool()
        .use(tenant, { generation, create: false }, (store) => this.#work(store))
      // To the end of the line: every tenant gets its turn.
      if (hasMore) this.#due.set(tenant, generation)
    } catch {
      // The store cannot be written now (full disk, damaged file): its next operation says so to its user,
      // and the next write notes the work again.
    }
  }

  /** Words first, then vectors: a document is found by its words before it is by its meaning. */
  #work(store: Store): boolean {
    moveWalls(store)
    if (reindexPending(store.app)) return reindexStep(this.#context, store)
    if (mergePending(store.app)) {
      mergeStep(store.app, stepMs)
      return true
    }
    // After the merges, so that the segments stay few while a library is indexed again.
    if (reanalysisPending(store.app)) {
      reanalysisStep(store)
      return true
    }
    this.#guarded(store, () => {
      if (this.#vectors.isPending(store) && this.#vectors.step(store, embedMs)) return
      this.#tellFit(store)
      if (this.#isRemote && vectorNote(store.vecs, 'remote') !== undefined)
        this.#options.onEmbedDue(store.tenant)
    })
    return this.#vectorsPending(store) || wordsPending(store)
  }

  /** Noted in the file, so that a stop in the middle does not put it off until the library changes again. */
  #tellFit(store: Store): void {
    const isDue = fitPlan(this.#context.embedder, store) !== undefined
    const isNoted = vectorNote(store.vecs, 'learn') !== undefined
    if (isDue !== isNoted) setVectorNote(store.vecs, 'learn', isDue ? '1' : undefined)
    if (isDue) this.#options.onFitDue(store.tenant)
  }

  #vectorsPending(store: Store): boolean {
    return this.#guarded(store, () => this.#vectors.isPending(store)) ?? true
  }

  /** Vectors that cannot be read are no reason to fail: the words serve. */
  #guarded<T>(store: Store, work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      if (!isDamage(error)) throw error
      this.#context.damagedVectors.set(store.tenant, store.directory)
      return undefined
    }
  }

  /** Closed, removed, and made anew by the next open, which finds it behind the truth. */
  #discardDamaged(): void {
    const damaged = this.#context.damagedVectors
    for (const [tenant, directory] of [...damaged]) {
      if (!this.#options.pool().close(tenant)) continue
      damaged.delete(tenant)
      discardVecs(directory)
    }
  }
}

/** Whether the keyword index is to be worked on. */
function wordsPending({ app }: Store): boolean {
  return mergePending(app) || reindexPending(app) || reanalysisPending(app)
}
