/** The control plane on the main thread: read from memory, written through its own thread in group commits. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Problem } from '../base/problem.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { ControlWorkerData, FromControl, ToControl } from './control-worker.ts'
import type { ControlChange, TenantRecord } from './tenants.ts'

/** More than this waiting means that the disk does not follow: say so instead of growing. */
const changesWaitingMax = 10_000

interface Waiting {
  readonly change: ControlChange
  readonly resolve: () => void
  readonly reject: (problem: Problem) => void
}

export class Control {
  readonly #worker: Worker
  readonly #tenants: Map<TenantId, TenantRecord>
  #waiting: Waiting[] = []
  #committing: Waiting[] | undefined
  #batch = 0
  #dead: Problem | undefined
  #onDrained: (() => void) | undefined

  private constructor(worker: Worker, tenants: readonly TenantRecord[]) {
    this.#worker = worker
    this.#tenants = new Map(tenants.map((tenant) => [tenant.id, tenant]))
    worker.on('message', (message: FromControl) => this.#committed(message))
    worker.on('error', (error) => this.#die(error))
  }

  /** Starts the thread, opens and migrates control.db and reads it into memory. @throws when it cannot be opened */
  static async open(path: string): Promise<Control> {
    const workerData: ControlWorkerData = { path }
    const worker = new Worker(new URL('./control-worker.ts', import.meta.url), { workerData })
    const [tenants] = (await once(worker, 'message')) as [TenantRecord[]]
    return new Control(worker, tenants)
  }

  tenant(id: TenantId): TenantRecord | undefined {
    return this.#tenants.get(id)
  }

  tenants(): Iterable<TenantRecord> {
    return this.#tenants.values()
  }

  /** Why nothing can be written any more, or undefined. */
  get fault(): string | undefined {
    return this.#dead?.detail
  }

  get tenantCount(): number {
    return this.#tenants.size
  }

  /** Resolves once durable. A new tenant starts with its hint set: its first open may leave a log. */
  async addTenant(tenant: {
    id: TenantId
    userId: string
    generation: string
    atMs: number
  }): Promise<TenantRecord> {
    await this.#change({ kind: 'tenant_added', ...tenant })
    const record = {
      id: tenant.id,
      userId: tenant.userId,
      generation: tenant.generation,
      hint: true,
      createdAt: tenant.atMs,
    }
    this.#tenants.set(tenant.id, record)
    return record
  }

  /**
   * Sets or clears "may have a log or unfinished work". Setting resolves once durable; memory says so only then.
   * Clearing changes memory at once, so that a write that follows sets it again, behind the clearing in the queue.
   */
  async setHint(id: TenantId, hint: boolean): Promise<void> {
    const record = this.#tenants.get(id)
    if (!record || record.hint === hint) return
    if (!hint) this.#tenants.set(id, { ...record, hint })
    await this.#change({ kind: 'hint', id, hint })
    if (hint) this.#tenants.set(id, { ...record, hint })
  }

  /** Writes what waits, folds the log and ends the thread. */
  async close(): Promise<void> {
    if (this.#committing && !this.#dead)
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve
      })
    if (this.#dead) return
    const exited = once(this.#worker, 'exit')
    this.#worker.postMessage('close' satisfies ToControl)
    await exited
  }

  #change(change: ControlChange): Promise<void> {
    if (this.#dead) return Promise.reject(this.#dead)
    if (this.#waiting.length >= changesWaitingMax)
      return Promise.reject(
        new Problem('overloaded', 'The server’s own records cannot be written fast enough.', {
          retryAfterS: 2,
        }),
      )
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject })
      if (!this.#committing) this.#send()
    })
  }

  #send(): void {
    this.#committing = this.#waiting
    this.#waiting = []
    const changes = this.#committing.map((waiting) => waiting.change)
    this.#worker.postMessage({ batch: ++this.#batch, changes } satisfies ToControl)
  }

  #committed({ error }: FromControl): void {
    const done = this.#committing ?? []
    this.#committing = undefined
    const problem =
      error === undefined
        ? undefined
        : new Problem('disk_full', 'The server’s own records could not be written: see its log.', {
            cause: error,
          })
    for (const { resolve, reject } of done) problem ? reject(problem) : resolve()
    if (this.#waiting.length > 0) this.#send()
    else this.#onDrained?.()
  }

  #die(error: unknown): void {
    this.#dead = new Problem('shutting_down', 'The server’s own records are out of reach.', {
      cause: error,
    })
    for (const { reject } of [...(this.#committing ?? []), ...this.#waiting]) reject(this.#dead)
    this.#committing = undefined
    this.#waiting = []
    this.#onDrained?.()
  }
}
