/** Resumable uploads of all tenants: created within bounds, held by one request at a time, and gone when they expire. */
import { randomBytes } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { Problem } from '../base/problem.ts'
import { tenantDirectory } from '../tenancy/layout.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { type Part, PartFiles, type PartInfo, type PartResult } from './partial-files.ts'

/** Unfinished at once, for one tenant. */
const partsMax = 64
/** With the finished ones, whose names are kept until they expire: the oldest go first. */
const recordsMax = 512
/** A timer holds 31 bits of milliseconds. */
const timerMsMax = 2 ** 31 - 1

export interface PartialUploadsOptions {
  readonly dataDir: string
  /** Since the last byte came. */
  readonly expiryMs: number
  /** Of all unfinished uploads of one tenant, as they were announced. */
  readonly bytesMax: number
  /** Before bytes are received: lets none in while an operator holds the tenant back, makes "look here after a crash" durable. */
  readonly admit: (tenant: TenantId) => Promise<void>
}

/** Of one tenant; ids of others do not exist here. */
export interface TenantParts {
  /** @throws Problem `quota_exceeded` */
  create(info: PartInfo): Promise<Part>
  find(id: string): Promise<Part | undefined>
  /** Waits for whoever holds it, and asks them to let go. @param onWanted told when somebody else asks */
  hold(id: string, onWanted: () => void): Promise<Disposable>
  openData(id: string): Promise<FileHandle>
  finish(part: Part, result: PartResult): Promise<void>
  remove(id: string): Promise<void>
  expiresAtMs(part: Part): number
}

interface Holder {
  readonly onWanted: () => void
  readonly released: Promise<void>
}

export class PartialUploads {
  readonly #options: PartialUploadsOptions
  readonly #holders = new Map<string, Holder>()
  /** Tenants that have parts, with when to look at them again. */
  readonly #sweeps = new Map<TenantId, NodeJS.Timeout>()

  constructor(options: PartialUploadsOptions) {
    this.#options = options
  }

  /** Whether somebody has to come back for its parts. */
  has(tenant: TenantId): boolean {
    return this.#sweeps.has(tenant)
  }

  of(tenant: TenantId): TenantParts {
    const files = this.#files(tenant)
    return {
      create: (info) => this.#create(tenant, info),
      find: async (id) => {
        const part = /^[0-9a-f]{32}$/.test(id) ? await files.find(id) : undefined
        return part && this.#expiresAtMs(part) > Date.now() ? part : undefined
      },
      hold: (id, onWanted) => this.#hold(`${tenant}/${id}`, onWanted),
      openData: async (id) => {
        await this.#options.admit(tenant)
        return files.openData(id)
      },
      finish: (part, result) => files.finish(part, result),
      remove: (id) => files.remove(id),
      expiresAtMs: (part) => this.#expiresAtMs(part),
    }
  }

  /** Removes what has expired, and comes back for the rest. For a tenant that was recovered, and by itself after that. */
  async sweep(tenant: TenantId): Promise<void> {
    const files = this.#files(tenant)
    const nowMs = Date.now()
    const dueAtMs: number[] = []
    for (const part of await files.list(nowMs - this.#options.expiryMs)) {
      const expiresAtMs = this.#expiresAtMs(part)
      if (expiresAtMs > nowMs) dueAtMs.push(expiresAtMs)
      else await files.remove(part.id)
    }
    if (dueAtMs.length === 0) this.#forget(tenant)
    else this.#comeBack(tenant, Math.min(...dueAtMs) - nowMs)
  }

  /** Whose parts there are stays known: stores that close after this must keep their hint. */
  close(): void {
    for (const timer of this.#sweeps.values()) clearTimeout(timer)
  }

  async #create(tenant: TenantId, info: PartInfo): Promise<Part> {
    const { expiryMs, bytesMax, admit } = this.#options
    const files = this.#files(tenant)
    using _turn = await this.#hold(`${tenant}/create`, () => undefined)
    const parts = await files.list(Date.now() - expiryMs)
    const unfinished = parts.filter((part) => !part.info.result)
    const bytes = unfinished.reduce((sum, part) => sum + part.info.length, info.length)
    if (unfinished.length >= partsMax || bytes > bytesMax)
      throw tooMany(unfinished.length, bytesMax)
    const finished = parts
      .filter((part) => part.info.result)
      .toSorted((a, b) => a.touchedAtMs - b.touchedAtMs)
    for (const part of finished.slice(0, Math.max(0, parts.length + 1 - recordsMax)))
      await files.remove(part.id)
    this.#comeBack(tenant, expiryMs, { onlyIfNone: true })
    await admit(tenant)
    return files.create(randomBytes(16).toString('hex'), info)
  }

  async #hold(key: string, onWanted: () => void): Promise<Disposable> {
    for (let held = this.#holders.get(key); held; held = this.#holders.get(key)) {
      held.onWanted()
      await held.released
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#holders.set(key, { onWanted, released: promise })
    return {
      [Symbol.dispose]: () => {
        this.#holders.delete(key)
        resolve()
      },
    }
  }

  #comeBack(tenant: TenantId, delayMs: number, { onlyIfNone = false } = {}): void {
    if (onlyIfNone && this.#sweeps.has(tenant)) return
    clearTimeout(this.#sweeps.get(tenant))
    const sweep = (): void => {
      // What cannot be looked at now is looked at after the next start, which its hint sees to.
      void this.sweep(tenant).catch(() => undefined)
    }
    const timer = setTimeout(sweep, Math.min(timerMsMax, Math.max(1, delayMs)))
    timer.unref()
    this.#sweeps.set(tenant, timer)
  }

  #forget(tenant: TenantId): void {
    clearTimeout(this.#sweeps.get(tenant))
    this.#sweeps.delete(tenant)
  }

  #expiresAtMs({ touchedAtMs }: Part): number {
    return touchedAtMs + this.#options.expiryMs
  }

  #files(tenant: TenantId): PartFiles {
    return new PartFiles(tenantDirectory(this.#options.dataDir, tenant))
  }
}

function tooMany(count: number, bytesMax: number): Problem {
  return new Problem(
    'quota_exceeded',
    `You have ${count} uploads that are not finished, and together they may have ${bytesMax} bytes and be ${partsMax}: finish or delete one.`,
  )
}
