/** The chain of the audit: how a row is hashed with the one before it, and how a row that was tampered with is found. */
import { hash } from 'node:crypto'

/** What the first row has before it. */
export const chainBegin = '0'.repeat(64)

/** Everything that a row says; a change to any of it changes its hash. */
export interface AuditRow {
  readonly seq: number
  readonly at: number
  readonly action: string
  readonly tenant: string | null
  readonly actor: string
  readonly via: string
  readonly target: string | null
  readonly address: string | null
  readonly outcome: string
  readonly previous: string
  readonly hash: string
}

/** @returns SHA-256 in hex over every column, in one unambiguous form */
export function rowHash(row: Omit<AuditRow, 'hash'>): string {
  const { seq, at, action, tenant, actor, via, target, address, outcome, previous } = row
  const text = [previous, seq, at, action, tenant, actor, via, target, address, outcome]
  return hash('sha256', JSON.stringify(text), 'hex')
}

export interface ChainFault {
  readonly seq: number
  /** For a person. */
  readonly what: string
}

/** Fed with the rows in order, a page at a time. */
export class ChainCheck {
  readonly faults: ChainFault[] = []
  #rows = 0
  #last: { readonly seq: number; readonly hash: string } = { seq: 0, hash: chainBegin }
  /** A row whose successor does not know its hash; the one after decides which of the two it is. */
  #suspect: number | undefined

  get rows(): number {
    return this.#rows
  }

  /** Where the chain ends: to be noted elsewhere, so that the whole chain cannot be written anew. */
  get head(): { readonly seq: number; readonly hash: string } {
    return this.#last
  }

  add(row: AuditRow): void {
    this.#rows++
    const last = this.#last
    if (row.seq > last.seq + 1) this.#missing(last.seq + 1, row.seq - 1)
    const isWhole = rowHash(row) === row.hash
    const isLinked = row.previous === last.hash || row.seq !== last.seq + 1
    if (!isWhole) {
      this.#settle()
      this.#fault(row.seq, 'was changed: its hash is not that of what it says')
    } else if (!isLinked) {
      if (this.#suspect !== undefined) {
        // Neither the row before nor the one after fits it: it is that one, with a hash made anew.
        this.#fault(this.#suspect + 1, 'was put in the place of another')
        this.#suspect = undefined
      } else if (last.seq === 0) this.#fault(row.seq, 'was put in the place of another')
      else if (this.faults.at(-1)?.seq !== last.seq) this.#suspect = last.seq
    } else this.#settle()
    this.#last = { seq: row.seq, hash: row.hash }
  }

  /** @param head where the chain ended when the last row was written */
  end(head: { readonly seq: number; readonly hash: string } | undefined): void {
    const last = this.#last
    const { seq, hash: headHash } = head ?? { seq: 0, hash: chainBegin }
    if (seq > last.seq) this.#missing(last.seq + 1, seq)
    else if (seq < last.seq) this.#fault(last.seq, 'was added outside of Carrel')
    else if (headHash !== last.hash) {
      const isSecond = this.#suspect !== undefined && this.#suspect === last.seq - 1
      if (isSecond) this.#suspect = undefined
      if (isSecond || this.faults.at(-1)?.seq !== last.seq)
        this.#fault(last.seq, 'was put in the place of another')
    }
    this.#settle()
  }

  #settle(): void {
    if (this.#suspect !== undefined) this.#fault(this.#suspect, 'was put in the place of another')
    this.#suspect = undefined
  }

  #missing(first: number, last: number): void {
    this.#settle()
    const rows = last > first ? ` (and those after it up to ${last})` : ''
    this.#fault(first, `is missing${rows}`)
  }

  #fault(seq: number, what: string): void {
    this.faults.push({ seq, what })
  }
}
