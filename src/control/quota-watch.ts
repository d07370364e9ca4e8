/** Tells when a library comes near its share, and when something was refused because it is used up: once, until it is less again. */

import type { Quota } from '../tenancy/quota.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

/** Of a limit. */
const near = 0.8
/** For another try to warn, what is used has to fall below this first. */
const calm = 0.75

export type QuotaName = keyof Quota & string
export interface QuotaNotice {
  readonly which: string
  readonly used: number
  readonly limit: number
}

export class QuotaWatch {
  readonly #tell: (
    event: 'quota.near' | 'quota.over',
    tenant: TenantId,
    notice: QuotaNotice,
  ) => void
  /** What was told of each tenant, by the name of the share. */
  readonly #told = new Map<TenantId, Map<string, 'quota.near' | 'quota.over'>>()

  constructor(
    tell: (event: 'quota.near' | 'quota.over', tenant: TenantId, notice: QuotaNotice) => void,
  ) {
    this.#tell = tell
  }

  /** Looks at what a library uses. */
  look(tenant: TenantId, used: Readonly<Record<QuotaName, number>>, limits: Quota): void {
    for (const which of Object.keys(used) as QuotaName[]) {
      const limit = limits[which]
      if (limit === null || limit === undefined || limit === 0) continue
      const share = used[which] / limit
      if (share < calm) this.#told.get(tenant)?.delete(which)
      const event = share >= 1 ? 'quota.over' : 'quota.near'
      const told = this.#told.get(tenant)?.get(which)
      if (share < near || told === event || told === 'quota.over') continue
      this.#say(event, tenant, { which, used: used[which], limit })
    }
  }

  /** Something was refused. */
  refused(tenant: TenantId, notice: QuotaNotice): void {
    if (this.#told.get(tenant)?.get(notice.which) !== 'quota.over')
      this.#say('quota.over', tenant, notice)
  }

  forget(tenant: TenantId): void {
    this.#told.delete(tenant)
  }

  #say(event: 'quota.near' | 'quota.over', tenant: TenantId, notice: QuotaNotice): void {
    const told = this.#told.get(tenant) ?? new Map<string, 'quota.near' | 'quota.over'>()
    this.#told.set(tenant, told.set(notice.which, event))
    this.#tell(event, tenant, notice)
  }
}
