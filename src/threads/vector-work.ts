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
import { liveSpace, type Space, spaces } from '../search/vectors/spaces.ts'
import {
  compareStored,
  deleteVectors,
  type PassageVector,
  putVectors,
} from '../search/vectors/vector-store.ts'
import type { Store } from '../tenancy/store.ts'
import type { ShardContext } from './context.ts'
import { passageTerms } from './embedding.ts'
import { currentLive, endFit, isStale, spaceToFill, switchTo, tidyStep } from './vector-spaces.ts'

/** A few milliseconds of embedding; a step ends sooner when its time is up. */
const passagesPerStep = 32
const dropsPerStep = 256

/** What a comparison found, as far as it is not done yet. */
interface Repair {
  /** 0 where none is to be filled: only what is too much goes. */
  readonly space: number
  /** Vectors of passages that are gone, in the spaces that are not filled here. */
  readonly others: { readonly space: Space; orphans: PassageRange[] }[]
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
    const isAnothers = this.#context.embedder === 'builtin' && isStale(vecs)
    if (epochOf(vecs) > epochOf(app) || isAnothers) setVectorEpoch(vecs, unknownEpoch)
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
    const isRemote = this.#context.embedder === 'remote'
    // With a remote embedder the built-in one keeps up what is searched, until that is replaced, and begins nothing.
    if (isRemote) endFit(store.vecs)
    const filling = isRemote ? undefined : spaceToFill(store, live, this.#context.nowMs())
    const isDone =
      !((live || isRemote) && this.#follow(store, live, filling, deadlineMs)) &&
      !(filling && this.#repair(store, filling, deadlineMs))
    if (isDone) tidyStep(store, liveSpace(store.vecs))
    return this.isPending(store)
  }

  /** To be called before a store closes. */
  forget({ vecs }: Store): void {
    this.#repairs.delete(vecs)
    if (this.#learnt?.vecs === vecs) this.#learnt = undefined
  }

  /** @returns whether there was a change to follow */
  #follow(
    store: Store,
    live: Space | undefined,
    filling: Space | undefined,
    deadlineMs: number,
  ): boolean {
    const epoch = epochOf(store.vecs)
    if (epoch === epochOf(store.app)) return false
    const change = nextVectorChange(store.app, epoch)
    if (!change) return this.#repair(store, live, deadlineMs)
    const targets = [live, filling].filter((space) => space !== undefined)
    if (change.kind === 'drop' || targets.length === 0) this.#drop(store.vecs, change)
    else this.#embed(store, change, targets, deadlineMs)
    return true
  }

  #embed(store: Store, change: VectorChange, targets: Space[], deadlineMs: number): void {
    const { app, vecs } = store
    const first = nextOf(vecs, change)
    const found = passagesToEmbed(app, { first, last: change.last }, passagesPerStep)
    const done = this.#put(vecs, targets, found, deadlineMs, (last) => {
      const isEnd = last === found.at(-1)?.id && found.length < passagesPerStep
      // Other embedders' vectors of a passage whose title is another now: theirs to make again.
      for (const space of spaces(vecs))
        if (!targets.some(({ id }) => id === space.id))
          deleteVectors(vecs, space, [{ first, last }])
      if (isEnd) this.#followed(vecs, change)
      else setVectorNote(vecs, 'passage', String(last))
    })
    if (!done) this.#followed(vecs, change)
  }

  #followed(vecs: Db, { epoch, kind }: VectorChange): void {
    setVectorEpoch(vecs, epoch)
    if (kind === 'embed') this.#noteRemote(vecs)
  }

  #noteRemote(vecs: Db): void {
    if (this.#context.embedder === 'remote') setVectorNote(vecs, 'remote', '1')
  }

  /** Takes vectors away: the passages are gone, or another embedder has to make theirs again. */
  #drop(vecs: Db, change: VectorChange): void {
    const first = nextOf(vecs, change)
    const last = Math.min(change.last, first + dropsPerStep - 1)
    vecs.transaction(() => {
      let count = 0
      for (const space of spaces(vecs)) count += deleteVectors(vecs, space, [{ first, last }])
      if (count > 0 || change.kind === 'drop') setVectorNote(vecs, 'tidy', '1')
      if (last === change.last) this.#followed(vecs, change)
      else setVectorNote(vecs, 'passage', String(last))
    })
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
  #repair(store: Store, space: Space | undefined, deadlineMs: number): true {
    const { app, vecs } = store
    let repair = this.#repairs.get(vecs)
    if (!repair || repair.space !== (space?.id ?? 0)) {
      repair = { space: space?.id ?? 0, epoch: epochOf(app), ...compareAll(store, space) }
      this.#repairs.set(vecs, repair)
    }
    if (this.#repairStep(store, space, repair, deadlineMs)) return true
    // Documents came and went meanwhile: the last look must find nothing.
    const rest = space ? compare(store, space) : { missing: [], orphans: [] }
    if (rest.missing.length + rest.orphans.length > 0 && !this.#isStuck(repair, rest)) {
      Object.assign(repair, rest)
      return true
    }
    const { epoch } = repair
    vecs.transaction(() => {
      if (space && space.state !== 'live') switchTo(vecs, space)
      setVectorEpoch(vecs, epoch)
      this.#noteRemote(vecs)
    })
    this.#repairs.delete(vecs)
    return true
  }

  /** @returns whether anything was left to do */
  #repairStep(
    { app, vecs }: Store,
    space: Space | undefined,
    repair: Repair,
    deadlineMs: number,
  ): boolean {
    for (const other of repair.others)
      if (dropOrphans(vecs, other.space, other.orphans)) return true
    if (!space) return false
    if (dropOrphans(vecs, space, repair.orphans)) return true
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

/** One run of them, as far as a step goes. @returns whether there was any */
function dropOrphans(vecs: Db, space: Space, orphans: PassageRange[]): boolean {
  const next = orphans.shift()
  if (!next) return false
  const last = Math.min(next.last, next.first + dropsPerStep - 1)
  if (last < next.last) orphans.unshift({ first: last + 1, last: next.last })
  deleteVectors(vecs, space, [{ first: next.first, last }])
  setVectorNote(vecs, 'tidy', '1')
  return true
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

/** What the space lacks and has too much, and what the others have too much. */
function compareAll(store: Store, space: Space | undefined): Omit<Repair, 'space' | 'epoch'> {
  const others = spaces(store.vecs).filter(({ id }) => id !== space?.id)
  return {
    ...(space ? compare(store, space) : { missing: [], orphans: [] }),
    others: others.map((other) => ({ space: other, orphans: compare(store, other).orphans })),
  }
}
