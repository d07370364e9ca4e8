/** What stands between a tenant and its callers while an operator holds it back, and who is still inside. */
import { Problem } from '../base/problem.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { Control } from './control.ts'
import type { TenantStateName } from './tenant-states.ts'

/** A short rest is not worth an error: a caller waits so long for its end. */
const waitMsMax = 2_000
/** Of one tenant; more are told to come back at once. */
const waitersMax = 64
const retryAfterSMax = 30

type Access = 'read' | 'write'
/** `migrating` passes with the process that raised it, or with the campaign. */
type Fence = Exclude<TenantStateName, 'active'>

export class Fences {
  readonly #control: Control
  /** Raised before it is durable, so that nobody slips in while it is written. */
  readonly #raised = new Map<TenantId, Fence>()
  readonly #inside = new Map<TenantId, number>()
  readonly #left = new Map<TenantId, (() => void)[]>()
  readonly #waiting = new Map<TenantId, Set<() => void>>()

  constructor(control: Control) {
    this.#control = control
  }

  /** Whether the tenant's turn to be migrated is still to come; its files are left as they are until then. */
  isPending: (tenant: TenantId) => boolean = () => false

  /** What holds the tenant back, or undefined. */
  stateOf(tenant: TenantId): Fence | undefined {
    const state = this.#raised.get(tenant) ?? this.#control.state(tenant)?.state
    return state ?? (this.isPending(tenant) ? 'migrating' : undefined)
  }

  /** Resolves when the tenant may be used. @throws Problem a code for each state, `Retry-After` where it will pass */
  async pass(tenant: TenantId, access: Access): Promise<void> {
    const problem = this.#problem(tenant, access)
    if (!problem) return
    if (problem.retryAfterS !== undefined && (await this.#lowered(tenant))) {
      if (!this.#problem(tenant, access)) return
    }
    throw problem
  }

  /** For what has no time to wait. @throws as `pass` */
  check(tenant: TenantId, access: Access): void {
    const problem = this.#problem(tenant, access)
    if (problem) throw problem
  }

  enter(tenant: TenantId): void {
    this.#inside.set(tenant, (this.#inside.get(tenant) ?? 0) + 1)
  }

  leave(tenant: TenantId): void {
    const left = (this.#inside.get(tenant) ?? 1) - 1
    if (left > 0) {
      this.#inside.set(tenant, left)
      return
    }
    this.#inside.delete(tenant)
    for (const tell of this.#left.get(tenant) ?? []) tell()
    this.#left.delete(tenant)
  }

  raise(tenant: TenantId, state: Fence): void {
    this.#raised.set(tenant, state)
  }

  /** Forgets what was raised: from now on control.db alone says what holds the tenant back. Wakes who waits. */
  settle(tenant: TenantId): void {
    this.#raised.delete(tenant)
    for (const wake of this.#waiting.get(tenant) ?? []) wake()
  }

  /** Resolves when nobody is inside. An operation ends within its deadline, so this does too. */
  async drained(tenant: TenantId): Promise<void> {
    if (!this.#inside.has(tenant)) return
    await new Promise<void>((resolve) => {
      this.#left.set(tenant, [...(this.#left.get(tenant) ?? []), resolve])
    })
  }

  /** @returns whether something changed before the time was up */
  async #lowered(tenant: TenantId): Promise<boolean> {
    const waiting = this.#waiting.get(tenant) ?? new Set()
    if (waiting.size >= waitersMax) return false
    this.#waiting.set(tenant, waiting)
    let timer: NodeJS.Timeout | undefined
    let wake = (): void => undefined
    const isLowered = await new Promise<boolean>((resolve) => {
      wake = () => resolve(true)
      timer = setTimeout(resolve, waitMsMax, false)
      waiting.add(wake)
    })
    clearTimeout(timer)
    waiting.delete(wake)
    if (waiting.size === 0) this.#waiting.delete(tenant)
    return isLowered
  }

  #problem(tenant: TenantId, access: Access): Problem | undefined {
    const state = this.stateOf(tenant)
    switch (state) {
      case undefined:
        return undefined
      case 'read_only':
        return access === 'read' ? undefined : new Problem('tenant_read_only', details.read_only)
      case 'suspended':
        return new Problem('tenant_suspended', details.suspended)
      case 'at_rest':
        return new Problem('tenant_at_rest', details.at_rest, {
          retryAfterS: this.#retryAfterS(tenant),
        })
      case 'restoring':
        return new Problem('tenant_restoring', details.restoring, { retryAfterS: 2 })
      case 'migrating':
        return new Problem('migration_pending', details.migrating, { retryAfterS: 5 })
      case 'deleting':
        return new Problem('tenant_deleting', details.deleting, { retryAfterS: 5 })
    }
  }

  #retryAfterS(tenant: TenantId): number {
    const leftMs = (this.#control.state(tenant)?.untilMs ?? 0) - Date.now()
    return Math.min(retryAfterSMax, Math.max(1, Math.ceil(leftMs / 1000)))
  }
}

const details = {
  read_only: 'The operator has made this library read-only: it can be searched but not changed.',
  suspended: 'The operator has suspended this library: ask them why, and when it opens again.',
  at_rest: 'This library is being copied and opens again in a moment: nothing was done.',
  restoring: 'This library is being put back from a snapshot: try again in a moment.',
  migrating: 'This library is being brought to a new version, or waits for its turn: try later.',
  deleting: 'This library is being deleted.',
} as const
