/** Room set aside for originals on their way, so that two uploads at once cannot both have the last of it. */
import { checkShare } from '../tenancy/quota.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

export interface Reservation {
  /** Called in any case: what became a document is counted there. */
  release(): void
}

export interface ReservationsOptions {
  /** Bytes of originals that the tenant may have; null is no limit. */
  readonly limitOf: (tenant: TenantId) => number | null
  /** @throws Problem `disk_full` when so many bytes more would not leave room for everybody's work */
  readonly checkRoom: (bytes: number) => void
  /** Bytes of originals that it has. */
  readonly storedOf: (tenant: TenantId) => Promise<number>
}

export class Reservations {
  readonly #options: ReservationsOptions
  readonly #reserved = new Map<TenantId, number>()

  constructor(options: ReservationsOptions) {
    this.#options = options
  }

  /** As `TenantHandle.reserve`. @throws Problem `quota_exceeded`, `disk_full` */
  async reserve(tenant: TenantId, bytes: number, bytesMin = bytes): Promise<Reservation> {
    this.#options.checkRoom(bytesMin)
    const limit = this.#options.limitOf(tenant)
    if (limit === null) return { release: () => undefined }
    const stored = await this.#options.storedOf(tenant)
    // From here to the end nothing is awaited: two uploads that ask at once see each other.
    const used = stored + (this.#reserved.get(tenant) ?? 0)
    checkShare('bytes', { used, more: bytesMin, limit })
    const taken = Math.min(bytes, limit - used)
    this.#reserved.set(tenant, (this.#reserved.get(tenant) ?? 0) + taken)
    let isReleased = false
    return {
      release: () => {
        if (isReleased) return
        isReleased = true
        const left = (this.#reserved.get(tenant) ?? 0) - taken
        if (left > 0) this.#reserved.set(tenant, left)
        else this.#reserved.delete(tenant)
      },
    }
  }
}
