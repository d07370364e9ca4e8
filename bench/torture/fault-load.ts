/** People at work while the machine fails, and what they may be told then. */
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '../lib/client.ts'
import type { RunningServer } from '../lib/server.ts'
import { examine } from './examine.ts'
import type { Ledger } from './ledger.ts'
import { tokenOf } from './noted-client.ts'
import { Writer } from './writer.ts'

/** What a server may say of a machine that fails, and a client can act on. */
export const machineCodes: ReadonlySet<string> = new Set([
  'disk_full',
  'disk_failed',
  'overloaded',
  'deadline_exceeded',
  'shard_restarted',
])
/** A reading may be stopped by the very fault. */
export const readyPolls = 10
const resumeMsMax = 20_000
const pauseMs = 100

export class FaultLoad {
  readonly ledger: Ledger
  readonly #server: RunningServer
  readonly #random: () => number
  readonly #writers = new Map<string, Writer>()

  constructor(server: RunningServer, ledger: Ledger, random: () => number) {
    this.#server = server
    this.ledger = ledger
    this.#random = random
  }

  /** Each writes so many times, one after another. @returns false once the server is gone */
  async write(users: readonly string[], times: number): Promise<boolean> {
    const all = users.map(async (user) => {
      const writer = await this.writerOf(user)
      for (let left = times; left > 0; left--) if (!(await writer.write())) return false
      return true
    })
    return (await Promise.all(all)).every(Boolean)
  }

  /** Reads what is there, for everybody: no fault of writing stands in its way. */
  async read(users: readonly string[]): Promise<void> {
    for (const user of users) {
      const client = new Client(this.#server.url, await tokenOf(user))
      for (const path of ['/v1/documents', '/v1/me', '/v1/search?q=harbour&mode=keyword']) {
        const { status, body } = await client.request('GET', path)
        if (status !== 200) this.ledger.faults.push({ what: 'not read', user, path, status, body })
      }
    }
  }

  /** Once the cause is gone everybody can write again, without a restart. */
  async resumes(users: readonly string[]): Promise<void> {
    const endMs = performance.now() + resumeMsMax
    for (const user of users) {
      const writer = await this.writerOf(user)
      while (!(await writer.isServed())) {
        if (performance.now() > endMs) {
          this.ledger.faults.push({ what: 'it does not resume', user })
          return
        }
        await sleep(pauseMs)
      }
    }
  }

  async writerOf(user: string): Promise<Writer> {
    const found =
      this.#writers.get(user) ??
      (await Writer.of(this.#server.url, user, this.ledger, this.#random))
    this.#writers.set(user, found)
    return found
  }

  /** The end: killed, examined by a fresh server. */
  async end(dataDir: string): Promise<void> {
    await this.#server.kill()
    this.ledger.faults.push(...(await examine(dataDir, this.ledger, this.ledger.answered, true)))
  }
}

export function figuresOf({ writes, refused, faults, answered }: Ledger): Record<string, number> {
  return {
    writes_tried: writes,
    requests_answered: answered.size,
    ...Object.fromEntries([...refused].map(([code, count]) => [`refused_${code}`, count])),
    failures: faults.length,
  }
}

/** Removes what may be there. */
export function drop(path: string): void {
  rmSync(path, { force: true })
}
