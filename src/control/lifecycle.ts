/** The life of a tenant after it was made, for HTTP and the command line alike: held back, let go, put back, deleted. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Problem, type ProblemData } from '../base/problem.ts'
import { buildingDirectory, stagingDirectory } from '../tenancy/layout.ts'
import { localTenant, parseTenantId, type TenantId, tenantOf } from '../tenancy/tenant-id.ts'
import { DirectoryMoves, type DirectoryMovesOptions, type Replacement } from './directory-moves.ts'
import type { Receipt } from './receipt.ts'
import { type TenantState, type TenantStateName, tenantHash } from './tenant-states.ts'
import type { TenantRecord } from './tenants.ts'

const restMsMax = 24 * 3_600_000

export interface TenantView {
  readonly user_id: string
  readonly tenant: TenantId
  readonly state: TenantStateName
  /** When the state ends by itself. */
  readonly until: string | null
  readonly generation: string
  readonly created_at: string
}

export interface LifecycleOptions extends DirectoryMovesOptions {
  readonly onJob: (tenant: TenantId, atMs?: number) => void
  readonly onSuspended?: ((tenant: TenantId) => void) | undefined
}

export class Lifecycle {
  readonly #options: LifecycleOptions
  readonly #moves: DirectoryMoves
  /** One thing at a time happens to a tenant; what is asked for meanwhile waits its turn. */
  readonly #turns = new Map<TenantId, Promise<unknown>>()
  readonly #timers = new Map<TenantId, NodeJS.Timeout>()

  constructor(options: LifecycleOptions) {
    this.#options = options
    this.#moves = new DirectoryMoves(options)
  }

  /** @throws Problem `not_found` */
  find(user: string): TenantRecord {
    const { control } = this.#options
    for (const name of namesOf(user)) {
      const record = control.tenant(name)
      if (record) return record
    }
    throw new Problem('not_found', `There is no library of a user “${user.slice(0, 255)}”.`)
  }

  /** The name of a user's directory, whether there is one or not; undefined where nobody can be called so. */
  nameFor(user: string): TenantId | undefined {
    const names = namesOf(user)
    return names.find((one) => this.#options.control.tenant(one)) ?? names[0]
  }

  /** As `nameFor`. @throws Problem `not_found` */
  nameOf(user: string): TenantId {
    const name = this.nameFor(user)
    if (!name) throw new Problem('not_found', 'That cannot be a user id.')
    return name
  }

  /** By tenant name. @param after the last name of the page before */
  list(limit: number, after: string | undefined): { items: TenantView[]; next: string | null } {
    const names = [...this.#options.control.tenants()].map(({ id }) => id)
    const rest = names.filter((id) => after === undefined || id > after).toSorted()
    const page = rest.slice(0, limit)
    return {
      items: page.map((id) => this.show(id)),
      next: rest.length > limit ? (page.at(-1) ?? null) : null,
    }
  }

  show(id: TenantId): TenantView {
    const { control, fences } = this.#options
    const record = control.tenant(id)
    if (!record) throw new Problem('not_found', 'There is no such library.')
    const untilMs = control.state(id)?.untilMs ?? null
    return {
      user_id: record.userId,
      tenant: id,
      state: fences.stateOf(id) ?? 'active',
      until: untilMs === null ? null : new Date(untilMs).toISOString(),
      generation: record.generation,
      created_at: new Date(record.createdAt).toISOString(),
    }
  }

  /** Opens the library and reads from it. @returns what is wrong with it, if anything */
  async health(id: TenantId): Promise<ProblemData | null> {
    try {
      await this.#options.tenants.call(id, 'account.show', {})
      return null
    } catch (error) {
      if (error instanceof Problem) return error.toData()
      throw error
    }
  }

  /** Reading and searching go on; every change is refused, reading of documents stops. */
  readOnly(id: TenantId): Promise<TenantView> {
    return this.#hold(id, { state: 'read_only', untilMs: null })
  }

  /** Every request is refused until `resume`. */
  suspend(id: TenantId): Promise<TenantView> {
    return this.#hold(id, { state: 'suspended', untilMs: null })
  }

  /** Closes the store, so that the directory can be copied, and holds it so. @param forMs at most a day */
  rest(id: TenantId, forMs: number): Promise<TenantView> {
    return this.#hold(id, {
      state: 'at_rest',
      untilMs: Date.now() + Math.min(forMs, restMsMax),
    })
  }

  /** Lets go of a tenant that was suspended, made read-only or brought to rest. */
  resume(id: TenantId): Promise<TenantView> {
    return this.exclusive(id, async () => {
      const { control } = this.#options
      this.#refuseWhile(id, ['deleting', 'restoring'])
      this.#forgetTimer(id)
      if (control.state(id)) await control.setState(id, null)
      await this.#reopen(id)
      return this.show(id)
    })
  }

  /** Fence, drain, close, rename, erase. A crash in between is completed at the next start. */
  delete(id: TenantId): Promise<Receipt> {
    return this.exclusive(id, async () => {
      const { control, fences } = this.#options
      const record = control.tenant(id)
      if (!record) throw new Problem('not_found', 'There is no such library.')
      this.#refuseWhile(id, ['restoring'])
      fences.raise(id, 'deleting')
      const nowMs = Date.now()
      const deletion = {
        generation: record.generation,
        tenantHash: tenantHash(id),
        notBeforeMs: nowMs,
      }
      try {
        await control.beginDeletion(id, stateOf('deleting', null), deletion)
      } finally {
        fences.settle(id)
      }
      this.#forgetTimer(id)
      return this.#moves.erase(record, nowMs)
    })
  }

  /**
   * Puts a new directory in the place of a tenant's, which may not exist. A crash in between is completed at the next start.
   * @param check asked when nobody is inside any more; while it throws, nothing happens
   */
  replace(replacement: Replacement, check?: () => Promise<void>): Promise<TenantView> {
    const { tenant } = replacement
    return this.exclusive(tenant, async () => {
      const { control, fences } = this.#options
      this.#refuseWhile(tenant, ['deleting', 'restoring'])
      fences.raise(tenant, 'restoring')
      try {
        if (check) await fences.drained(tenant).then(check)
        const state = stateOf('restoring', null, JSON.stringify(replacement))
        await control.setState(tenant, state)
      } finally {
        fences.settle(tenant)
      }
      await this.#moves.exchange(replacement)
      return this.show(tenant)
    })
  }

  /** Runs when nothing else happens to the tenant. */
  async exclusive<T>(id: TenantId, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(id)
    const turn = (before ?? Promise.resolve()).catch(() => undefined).then(work)
    this.#turns.set(id, turn)
    try {
      return await turn
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id)
    }
  }

  /** Before anybody comes in: what a crash left half made is removed, unless a restore is to be completed with it. */
  sweepStaging(): void {
    const { dataDir, snapshotsDir, control } = this.#options
    const wanted = [...control.states()].map(([, { detail }]) => detail ?? '')
    for (const place of [stagingDirectory(dataDir), buildingDirectory(snapshotsDir)]) {
      if (!existsSync(place)) continue
      for (const name of readdirSync(place))
        if (!wanted.some((detail) => detail.includes(JSON.stringify(join(place, name)))))
          rmSync(join(place, name), { recursive: true, force: true })
    }
  }

  /** After a start: what a crash interrupted is completed, what is held stays held until its time. */
  async finishInterrupted(onFault: (tenant: TenantId, error: unknown) => void): Promise<void> {
    const finish = async (id: TenantId, { state, untilMs, detail }: TenantState): Promise<void> => {
      const record = this.#options.control.tenant(id)
      if (state === 'deleting' && record) await this.#moves.erase(record, Date.now())
      if (state === 'restoring' && detail) await this.#moves.exchange(JSON.parse(detail))
      if (state !== 'at_rest') return
      if ((untilMs ?? 0) <= Date.now()) await this.resume(id)
      else {
        await this.exclusive(id, () => this.#moves.close(id, true))
        this.#releaseAt(id, untilMs ?? 0)
      }
    }
    for (const [id, state] of [...this.#options.control.states()])
      await finish(id, state).catch((error) => onFault(id, error))
  }

  /** No more timers; what is under way is awaited. */
  async close(): Promise<void> {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
    await Promise.allSettled(this.#turns.values())
  }

  #hold(id: TenantId, to: Pick<TenantState, 'state' | 'untilMs'>): Promise<TenantView> {
    return this.exclusive(id, async () => {
      const { control, fences } = this.#options
      this.show(id)
      this.#refuseWhile(id, ['deleting', 'restoring'])
      const before = control.state(id) ?? null
      fences.raise(id, to.state)
      try {
        await control.setState(id, stateOf(to.state, to.untilMs))
        if (to.state !== 'read_only') await this.#moves.close(id, to.state === 'at_rest')
      } catch (error) {
        await control.setState(id, before)
        throw error
      } finally {
        fences.settle(id)
      }
      this.#forgetTimer(id)
      if (to.untilMs !== null) this.#releaseAt(id, to.untilMs)
      if (to.state === 'suspended') this.#options.onSuspended?.(id)
      return this.show(id)
    })
  }

  #forgetTimer(id: TenantId): void {
    clearTimeout(this.#timers.get(id))
    this.#timers.delete(id)
  }

  #releaseAt(id: TenantId, atMs: number): void {
    const timer = setTimeout(
      () => void this.resume(id).catch(() => undefined),
      Math.max(0, atMs - Date.now()),
    )
    timer.unref()
    this.#timers.set(id, timer)
  }

  /** The fence is down: jobs that it stopped go on, those who waited come in. */
  async #reopen(id: TenantId): Promise<void> {
    const { fences, tenants, onJob } = this.#options
    fences.settle(id)
    try {
      const { nextJobAtMs } = await tenants.call(id, 'tenant.resume', null)
      if (nextJobAtMs !== null) onJob(id, nextJobAtMs)
    } catch {
      // It cannot be opened now: the next request for it says why, and recovers it first.
      tenants.mustRecover(id)
    }
  }

  #refuseWhile(id: TenantId, states: readonly TenantStateName[]): void {
    const state = this.#options.fences.stateOf(id)
    if (state && states.includes(state))
      throw new Problem('conflict', `The library is ${state} now: wait for the end of it.`)
  }
}

/** What a text may mean: a user's id first, then the name of a directory. */
function namesOf(user: string): TenantId[] {
  const names = [tenantOf(user), user === 'local' ? localTenant : undefined, parseTenantId(user)]
  return names.filter((name) => name !== undefined)
}

function stateOf(
  state: TenantState['state'],
  untilMs: number | null,
  detail: string | null = null,
): TenantState {
  return { state, untilMs, detail, changedAtMs: Date.now() }
}
