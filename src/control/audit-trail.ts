/** Writes the audit from the main thread: successes always, refusals and failed sign-ins no more often than they tell something. */
import { RateWindow } from '../base/rate-window.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { type Actor, type AuditEntry, type AuditName, pseudonymFor } from './audit.ts'
import type { AuditAction } from './audit-actions.ts'
import { ChainCheck, type ChainFault } from './audit-chain.ts'
import type { Control } from './control.ts'

/** Of one address, and of all, within a minute; more are in the request log alone. */
const signInFailuresMax = 10
const allSignInFailuresMax = 300
/** Of one tenant within a minute. */
const refusalsMax = 60
const checkPage = 500

export interface Audited {
  readonly action: AuditAction
  readonly tenant: TenantId | null
  readonly actor: Actor
  readonly via: string
  readonly target: string | null
  readonly address: string | null
  readonly outcome: string
}

export interface AuditTrailOptions {
  readonly control: Pick<Control, 'record' | 'ask'>
  readonly onFault: (error: unknown) => void
  /** Unix milliseconds. */
  readonly nowMs?: () => number
}

/** What a check of the whole audit found. */
export interface AuditCheck {
  readonly rows: number
  /** To be noted elsewhere: whoever can write control.db could otherwise write the whole chain anew. */
  readonly head: { readonly seq: number; readonly hash: string }
  readonly faults: readonly ChainFault[]
  /** Pseudonyms that somebody put another name behind. */
  readonly names: readonly string[]
}

export class AuditTrail {
  readonly #options: AuditTrailOptions
  readonly #failures = new RateWindow({})
  readonly #refusals = new RateWindow({})

  constructor(options: AuditTrailOptions) {
    this.#options = options
  }

  /** Resolves once durable. @throws Problem when it could not be written */
  async write(audited: Audited): Promise<void> {
    const atMs = (this.#options.nowMs ?? Date.now)()
    const entry: AuditEntry = { ...audited, atMs }
    await this.#options.control.record({ kind: 'audited', entry })
  }

  /** As `write`, for what is done already: that it could not be written is said, and changes nothing. */
  async note(audited: Audited): Promise<void> {
    await this.write(audited).catch(this.#options.onFault)
  }

  /** What was refused, unless there was much of it lately. */
  async noteRefusal(audited: Audited): Promise<void> {
    if (this.#refusals.take(audited.tenant ?? audited.via, refusalsMax).isAllowed)
      await this.note(audited)
  }

  /** Nobody waits for it. */
  signInFailed(address: string): void {
    const isNews = this.#failures.take(`of ${address}`, signInFailuresMax).isAllowed
    if (!isNews || !this.#failures.take('of all', allSignInFailuresMax).isAllowed) return
    void this.note({
      action: 'sign_in',
      tenant: null,
      actor: { kind: 'nobody' },
      via: 'credential',
      target: null,
      address,
      outcome: 'unauthorized',
    })
  }

  /** Reads the whole audit, a page at a time. */
  async check(): Promise<AuditCheck> {
    const { control } = this.#options
    const chain = new ChainCheck()
    for (;;) {
      const { rows, head } = await control.ask('audit.rows', {
        after: chain.head.seq,
        limit: checkPage,
      })
      for (const row of rows) chain.add(row)
      if (rows.length === checkPage) continue
      chain.end(head)
      break
    }
    const { rows, head, faults } = chain
    return { rows, head, faults, names: await this.#foreignNames() }
  }

  async #foreignNames(): Promise<string[]> {
    const wrong: string[] = []
    for (let after = ''; ; ) {
      const page: readonly (AuditName & { pseudonym: string })[] = await this.#options.control.ask(
        'audit.names',
        { after, limit: checkPage },
      )
      for (const row of page) if (pseudonymFor(row) !== row.pseudonym) wrong.push(row.pseudonym)
      const last = page.at(-1)
      if (!last || page.length < checkPage) return wrong
      after = last.pseudonym
    }
  }
}
