/** Seals what stands in the clear, and gives secrets another key: in steps, each durable, none of which may be the last. */
import type { Resealed, ResealedChange, SealedRow, Unopened } from './sealed-rows.ts'
import { resealAll } from './sealed-rows.ts'
import type { SecretKeys } from './secret-keys.ts'
import { isSealed } from './secrets.ts'

/** Sealed between two looks at anything else. */
const stepRows = 500

/** The key that counts now, and what could not be sealed under it. */
export interface Rotation {
  readonly key: string
  readonly resealed: number
  readonly unopened: readonly Unopened[]
}

export interface SealingOptions {
  readonly keys: SecretKeys
  /** Every row that was durable when it was asked. */
  readonly rows: () => Promise<readonly SealedRow[]>
  /** Resolves once durable, behind every change before it. */
  readonly write: (change: ResealedChange) => Promise<void>
  readonly onResealed: (row: Resealed) => void
}

export class Sealing {
  readonly #options: SealingOptions
  #rotating: Promise<unknown> = Promise.resolve()

  constructor(options: SealingOptions) {
    this.#options = options
  }

  /** Seals what is still in the clear. @returns what no key of this server opens */
  async sealClear(): Promise<readonly Unopened[]> {
    const rows = await this.#options.rows()
    await this.#reseal(rows.filter(({ text }) => !isSealed(text)))
    return resealAll(rows, this.#options.keys.secrets).unopened
  }

  /** @returns what no key of this server opens; nothing is changed */
  async unopened(): Promise<readonly Unopened[]> {
    return resealAll(await this.#options.rows(), this.#options.keys.secrets).unopened
  }

  /** One after the other. Interrupted, everything still opens, and the next one completes it. @throws Problem */
  rotate(): Promise<Rotation> {
    const rotation = this.#rotating.then(() => this.#rotate())
    this.#rotating = rotation.catch(() => undefined)
    return rotation
  }

  async #rotate(): Promise<Rotation> {
    const { keys, rows, write } = this.#options
    keys.begin()
    // What was sealed under the key before may not be durable yet.
    await write({ kind: 'resealed', rows: [] })
    const { resealed, unopened } = await this.#reseal(await rows())
    keys.end((await rows()).map(({ text }) => text))
    return { key: keys.secrets.keyId, resealed, unopened }
  }

  async #reseal(rows: readonly SealedRow[]) {
    const { keys, write, onResealed } = this.#options
    const all = { resealed: 0, unopened: [] as Unopened[] }
    for (let at = 0; at < rows.length; at += stepRows) {
      const { resealed, unopened } = resealAll(rows.slice(at, at + stepRows), keys.secrets)
      all.unopened.push(...unopened)
      if (resealed.length === 0) continue
      await write({ kind: 'resealed', rows: resealed })
      resealed.forEach(onResealed)
      all.resealed += resealed.length
    }
    return all
  }
}
