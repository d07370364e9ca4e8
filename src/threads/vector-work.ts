/** Vectors follow the library: what is searched gets one, what is gone loses it, in short steps between operations. */
import type { Db } from '../base/sqlite.ts'
import {
  type PassageRange,
  type PassageToEmbed,
  passagesToEmbed,
  publishedRanges,
} from '../library/passages.ts'
import {
  epochOf,
  nextVectorChange,
  setVectorEpoch,
  setVectorNote,
  type VectorChange,
  vectorNote,
} from '../library/vector-changes.ts'
import { embedTerms, type LearntTerms } from '../search/embed/builtin.ts'
import { termsOfSpace } from '../search/embed/learnt-terms.ts'
import { activateSpace, type Space, spaces } from '../search/vectors/spaces.ts'
import {
  compareStored,
  deleteVectors,
  type PassageVector,
  putVectors,
} from '../search/vectors/vector-store.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'
import { passageTerms } from './embedding.ts'
import { currentLive, dropOthers, isStale, spaceToFill, tidyStep } from './vector-spaces.ts'

/** A few milliseconds of embedding; a step ends sooner when its time is up. */
const passagesPerStep = 32
const dropsPerStep = 256

/** What a comparison found, as far as it is not done yet. */
interface Repair {
  readonly space: number
  /** The epoch before the first comparison: later changes are followed once more, which a new title needs. */
  readonly epoch: number
  missing: PassageRange[]
  orphans: PassageRange[]
  /** What the comparison at its end found, when it was not nothing. */
  rest?: string
}

export class VectorWork {
  readonly #context: ShardContext
  readonly #repairs = new Map<Db, Repair>()
  /** Of the space embedded for last; its terms never change, and most of them come again. */
  #learnt: { vecs: Db; space: number; terms: LearntTerms | undefined } | undefined

  constructor(context: ShardContext) {
    this.#context = context
  }

  /** Looks at a store that was just opened: vectors that are ahead of the truth, or of an older embedder, are compared. */
  opened({ app, vecs }: Store): void {
    if (epochOf(vecs) > epochOf(app) || isStale(vecs)) setVectorEpoch(vecs, unknownEpoch)
  }

  /** Whether there is anything to do. Four rows. */
  isPending({ app, vecs }: Store): boolean {
    return (
      epochOf(app) !== epochOf(vecs) ||
      vectorNote(vecs, 'tidy') !== undefined ||
      vectorNote(vecs, 'fit') !== undefined
    )
  }

  /** Works for about `budgetMs`. @returns whether there is more to do */
  step(store: Store, budgetMs: number): boolean {
    const deadlineMs = performance.now() + budgetMs
    const live = currentLive(store.vecs)
    const filling = spaceToFill(store, live, this.#context.nowMs())
    const isDone =
      !(live && this.#follow(store, live, filling, deadlineMs)) &&
      !(filling && this.#repair(store, filling, deadlineMs))
    if (isDone) tidyStep(store, live)
    return this.isPending(store)
  }

  /** To be called before a store closes. */
  forget({ vecs }: Store): void {
    this.#repairs.delete(vecs)
    if (this.#learnt?.vecs === vecs) this.#learnt = undefined
  }

  /** @returns whether there was a change to follow */
  #follow(store: Store, live: Space, filling: Space | undefined, deadlineMs: number): boolean {
    const epoch = epochOf(store.vecs)
    if (epoch === epochOf(store.app)) return false
    const change = nextVectorChange(store.app, epoch)
    if (!change) return this.#repair(store, live, deadlineMs)
    if (change.kind === 'drop') drop(store.vecs, change)
    else this.#embed(store, change, filling ? [live, filling] : [live], deadlineMs)
    return true
  }

  #embed(store: Store, change: VectorChange, targets: Space[], deadlineMs: number): void {
    const { app, vecs } = store
    const first = nextOf(vecs, change)
    const found = passagesToEmbed(app, { first, last: change.last }, passagesPerStep)
    const done = this.#put(vecs, targets, found, deadlineMs, (last) => {
      const isEnd = last === found.at(-1)?.id && found.length < passagesPerStep
      if (isEnd) setVectorEpoch(vecs, change.epoch)
      else setVectorNote(vecs, 'passage', String(last))
    })
    if (!done) setVectorEpoch(vecs, change.epoch)
  }

  /** Embeds and stores until the time is up, one passage at least. @returns whether there was any */
  #put(
    vecs: Db,
    targets: readonly Space[],
    passages: readonly PassageToEmbed[],
    deadlineMs: number,
    inTransaction: (last: number) => void,
  ): boolean {
    const rows = targets.map((): PassageVector[] => [])
    let last: number | undefined
    for (const passage of passages) {
      if (last !== undefined && performance.now() > deadlineMs) break
      const counts = passageTerms(this.#context.counter, passage)
      for (const [at, space] of targets.entries()) {
        const vector = embedTerms(counts, passage.text, this.#termsOf(vecs, space))
        // Without a direction there is nothing to be near to: a passage of signs that cancel out.
        if (vector.some((value) => value !== 0)) rows[at]?.push({ id: passage.id, vector })
      }
      last = passage.id
    }
    if (last === undefined) return false
    const reached = last
    vecs.transaction(() => {
      for (const [at, space] of targets.entries()) putVectors(vecs, space, rows[at] ?? [])
      inTransaction(reached)
    })
    return true
  }

  /** Makes a space hold a vector of exactly what is searched, then searches it. @returns true: there was something to do */
  #repair(store: Store, space: Space, deadlineMs: number): true {
    const { app, vecs } = store
    let repair = this.#repairs.get(vecs)
    if (repair?.space !== space.id) {
      repair = { space: space.id, epoch: epochOf(app), ...compare(store, space) }
      this.#repairs.set(vecs, repair)
    }
    if (this.#repairStep(store, space, repair, deadlineMs)) return true
    // Documents came and went meanwhile: the last look must find nothing.
    const rest = compare(store, space)
    if (rest.missing.length + rest.orphans.length > 0 && !this.#isStuck(repair, rest)) {
      Object.assign(repair, rest)
      return true
    }
    const { epoch } = repair
    vecs.transaction(() => {
      if (space.state !== 'live') {
        activateSpace(vecs, space.fingerprint)
        dropOthers(vecs, space)
      }
      setVectorEpoch(vecs, epoch)
    })
    this.#repairs.delete(vecs)
    return true
  }

  /** @returns whether anything was left to do */
  #repairStep({ app, vecs }: Store, space: Space, repair: Repair, deadlineMs: number): boolean {
    const orphans = repair.orphans.shift()
    if (orphans) {
      const last = Math.min(orphans.last, orphans.first + dropsPerStep - 1)
      if (last < orphans.last) repair.orphans.unshift({ first: last + 1, last: orphans.last })
      deleteVectors(vecs, space, [{ first: orphans.first, last }])
      setVectorNote(vecs, 'tidy', '1')
      return true
    }
    const missing = repair.missing.shift()
    if (!missing) return false
    const found = passagesToEmbed(app, missing, passagesPerStep)
    this.#put(vecs, [space], found, deadlineMs, (last) => {
      const isEnd = last === found.at(-1)?.id && found.length < passagesPerStep
      if (!isEnd) repair.missing.unshift({ first: last + 1, last: missing.last })
    })
    return true
  }

  /** What is missing after every passage was tried cannot have a vector. */
  #isStuck(repair: Repair, rest: { missing: PassageRange[]; orphans: PassageRange[] }): boolean {
    const key = JSON.stringify(rest)
    const isStuck = repair.rest === key
    repair.rest = key
    return isStuck
  }

  #termsOf(vecs: Db, space: Space): LearntTerms | undefined {
    if (this.#learnt?.vecs !== vecs || this.#learnt.space !== space.id)
      this.#learnt = { vecs, space: space.id, terms: termsOfSpace(vecs, space) }
    return this.#learnt.terms
  }
}

/** Agrees with no epoch of app.db, so that both files are compared. */
const unknownEpoch = -1

function drop(vecs: Db, change: VectorChange): void {
  const first = nextOf(vecs, change)
  const last = Math.min(change.last, first + dropsPerStep - 1)
  vecs.transaction(() => {
    for (const space of spaces(vecs)) deleteVectors(vecs, space, [{ first, last }])
    setVectorNote(vecs, 'tidy', '1')
    if (last === change.last) setVectorEpoch(vecs, change.epoch)
    else setVectorNote(vecs, 'passage', String(last))
  })
}

/** The first passage of the change that was not followed yet. */
function nextOf(vecs: Db, { first }: VectorChange): number {
  return Math.max(first, Number(vectorNote(vecs, 'passage') ?? 0) + 1)
}

function compare(
  { app, vecs }: Store,
  space: Space,
): { missing: PassageRange[]; orphans: PassageRange[] } {
  return compareStored(vecs, space, publishedRanges(app))
}
