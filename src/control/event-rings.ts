/** The last events of each tenant, so that a client that was away for a moment misses nothing; bounded, in memory, never on disk. */
import { randomBytes } from 'node:crypto'
import type { TenantId } from '../tenancy/tenant-id.ts'

const ringEventsMax = 256
/** Over all tenants: some five megabytes. Who had an event longest ago is forgotten first. */
const eventsMax = 20_000

export interface StoredEvent {
  /** What a client sends as `Last-Event-ID`. */
  readonly id: string
  /** JSON. */
  readonly data: string
}

type Listener = (event: StoredEvent) => void

interface Ring {
  /** A ring that was forgotten and made again has another one: ids of the old one are unknown then. */
  readonly name: string
  readonly listeners: Set<Listener>
  events: StoredEvent[]
  count: number
}

/** What a new listener has missed; undefined when that cannot be told, and it has to look at everything anew. */
export interface Subscription {
  readonly missed: readonly StoredEvent[] | undefined
  /** The id to continue from. */
  readonly lastId: string
  readonly end: () => void
}

export class EventRings {
  readonly #eventsMax: number
  /** Iteration order is who had an event longest ago. */
  readonly #rings = new Map<TenantId, Ring>()
  #events = 0

  constructor(max = eventsMax) {
    this.#eventsMax = max
  }

  push(tenant: TenantId, data: unknown): void {
    const ring = this.#ring(tenant)
    this.#rings.delete(tenant)
    this.#rings.set(tenant, ring)
    const event = { id: `${ring.name}-${++ring.count}`, data: JSON.stringify(data) }
    ring.events.push(event)
    this.#events++
    if (ring.events.length > ringEventsMax) {
      ring.events.shift()
      this.#events--
    }
    for (const listener of ring.listeners) listener(event)
    this.#forget()
  }

  /** @param lastId the last event the client knows, as it says; undefined for a client that is new */
  subscribe(tenant: TenantId, lastId: string | undefined, listener: Listener): Subscription {
    const ring = this.#ring(tenant)
    const missed = lastId === undefined ? [] : missedSince(ring, lastId)
    ring.listeners.add(listener)
    return {
      missed,
      lastId: `${ring.name}-${ring.count}`,
      end: () => {
        ring.listeners.delete(listener)
        const isPresent = this.#rings.get(tenant) === ring
        if (isPresent && ring.count === 0 && ring.listeners.size === 0) this.#rings.delete(tenant)
      },
    }
  }

  /** The tenant was deleted or replaced: what happened before is nobody's to hear. Who still listens hears no more. */
  drop(tenant: TenantId): void {
    const ring = this.#rings.get(tenant)
    if (!ring) return
    this.#events -= ring.events.length
    ring.listeners.clear()
    this.#rings.delete(tenant)
  }

  #ring(tenant: TenantId): Ring {
    const found = this.#rings.get(tenant)
    if (found) return found
    const name = randomBytes(6).toString('hex')
    const ring: Ring = { name, listeners: new Set(), events: [], count: 0 }
    this.#rings.set(tenant, ring)
    return ring
  }

  #forget(): void {
    for (const [tenant, ring] of this.#rings) {
      if (this.#events <= this.#eventsMax) return
      this.#events -= ring.events.length
      ring.events = []
      // Somebody listens: the ring stays, for its name is what they know.
      if (ring.listeners.size === 0) this.#rings.delete(tenant)
    }
  }
}

function missedSince(ring: Ring, lastId: string): StoredEvent[] | undefined {
  const [, number] = /^[0-9a-f]{12}-(\d{1,15})$/.exec(lastId) ?? []
  if (number === undefined || !lastId.startsWith(`${ring.name}-`)) return undefined
  const missed = ring.count - Number(number)
  if (missed < 0 || missed > ring.events.length) return undefined
  return missed === 0 ? [] : ring.events.slice(-missed)
}
