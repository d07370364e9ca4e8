/** The shard's side of the embed runner, in memory: passages, and which vectors were stored for them. */
import { setImmediate } from 'node:timers/promises'
import { Problem } from '../../src/base/problem.ts'
import type { EmbedRunnerOptions } from '../../src/rag/embed-runner.ts'
import type { PassageVector, VectorCalls } from '../../src/rag/vector-calls.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'

interface Passage {
  readonly id: number
  readonly text: string
  /** By space. */
  readonly vectors: Map<string, Float32Array>
  /** How often a vector came for it. */
  stored: number
}

type Pending = VectorCalls['vectors.pending']
type Store = VectorCalls['vectors.store']

export class FakeLibraries {
  /** The most calls there were at once. */
  callsMax = 0
  readonly #libraries = new Map<TenantId, Passage[]>()
  readonly #pendingFaults = new Map<TenantId, Problem[]>()
  #storeFaults: Problem[] = []
  #calls = 0
  #isCut = false
  #space = ''

  add(tenant: TenantId, count: number): void {
    const passages = this.#libraries.get(tenant) ?? []
    this.#libraries.set(tenant, passages)
    for (let at = 0; at < count; at++) {
      const id = passages.length + 1
      passages.push({ id, text: `${tenant} ${id}`, vectors: new Map(), stored: 0 })
    }
  }

  passages(tenant: TenantId): readonly Passage[] {
    return this.#libraries.get(tenant) ?? []
  }

  /** Without a vector of the space that was asked for last. */
  left(tenant: TenantId): number {
    return this.passages(tenant).filter(({ vectors }) => !vectors.has(this.#space)).length
  }

  stored(tenant: TenantId, space = ''): number {
    return this.passages(tenant).filter(({ vectors }) => vectors.has(space)).length
  }

  lengths(tenant: TenantId, space = ''): Set<number> {
    return new Set(this.passages(tenant).flatMap(({ vectors }) => vectors.get(space)?.length ?? []))
  }

  failStores(times: number, problem: Problem): void {
    this.#storeFaults = Array<Problem>(times).fill(problem)
  }

  failPending(tenant: TenantId, times: number, problem: Problem): void {
    this.#pendingFaults.set(tenant, Array<Problem>(times).fill(problem))
  }

  /** Every call fails from now on. */
  cut(): void {
    this.#isCut = true
  }

  mend(): void {
    this.#isCut = false
  }

  readonly call: EmbedRunnerOptions['call'] = async (tenant, operation, args) => {
    this.callsMax = Math.max(this.callsMax, ++this.#calls)
    try {
      await setImmediate()
      if (this.#isCut) throw new Problem('shutting_down', 'The server is shutting down.')
      if (!this.#libraries.has(tenant)) throw new Problem('not_found', 'There is no such library.')
      return (
        operation === 'vectors.pending'
          ? this.#pending(tenant, args as Pending['args'])
          : this.#store(tenant, args as Store['args'])
      ) as never
    } finally {
      this.#calls--
    }
  }

  #pending(tenant: TenantId, { fingerprint, limit, after }: Pending['args']): Pending['result'] {
    const problem = this.#pendingFaults.get(tenant)?.shift()
    if (problem) throw problem
    this.#space = fingerprint
    const pending = this.passages(tenant).filter(({ vectors }) => !vectors.has(fingerprint))
    const items = pending.filter(({ id }) => id > after).slice(0, limit)
    return {
      items: items.map(({ id, text }) => ({ passageId: id, text })),
      left: pending.length,
      epoch: 0,
      isSettled: true,
    }
  }

  #store(tenant: TenantId, { fingerprint, items }: Store['args']): Store['result'] {
    const problem = this.#storeFaults.shift()
    if (problem) throw problem
    for (const item of items) this.#keep(tenant, fingerprint, item)
    return { left: this.left(tenant) }
  }

  #keep(tenant: TenantId, fingerprint: string, { passageId, vector }: PassageVector): void {
    const passage = this.passages(tenant).find(({ id }) => id === passageId)
    if (!passage) return
    passage.stored++
    passage.vectors.set(fingerprint, vector)
  }
}
