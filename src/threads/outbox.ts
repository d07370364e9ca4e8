/** What a shard has to say to the main thread, gathered so that one message carries many answers. */
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { FromShard, Reply, StoreClosed } from './protocol.ts'

type Gathered = Omit<FromShard, 'pool' | 'sentAtMs'>

/** Callers hand items over and keep no list, so that nothing can be added to one that was sent already. */
export class Outbox {
  readonly #send: (gathered: Gathered) => void
  #replies: Reply[] = []
  #closed: StoreClosed[] = []
  #fits: TenantId[] = []
  #embeds: TenantId[] = []

  /** @param send posts the message; called by `post` only */
  constructor(send: (gathered: Gathered) => void) {
    this.#send = send
  }

  get isEmpty(): boolean {
    const notes = this.#fits.length + this.#embeds.length
    return this.#replies.length + this.#closed.length + notes === 0
  }

  reply(reply: Reply): void {
    this.#replies.push(reply)
  }

  /** A store was closed, with what its hint must say from now on. */
  closed(store: StoreClosed): void {
    this.#closed.push(store)
  }

  /** A library should be learnt from. */
  fitDue(tenant: TenantId): void {
    this.#fits.push(tenant)
  }

  /** A library may have passages without a vector of the remote embedder. */
  embedDue(tenant: TenantId): void {
    this.#embeds.push(tenant)
  }

  post(): void {
    const gathered = {
      replies: this.#replies,
      closed: this.#closed,
      fits: this.#fits,
      embeds: this.#embeds,
    }
    this.#replies = []
    this.#closed = []
    this.#fits = []
    this.#embeds = []
    this.#send(gathered)
  }
}
