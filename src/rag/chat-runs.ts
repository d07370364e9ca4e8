/** The answers being written, and those of the last minutes: found by the tenant they belong to and by no other. */
import { LRUCache } from 'lru-cache'
import { randomId } from '../base/ids.ts'
import { Problem } from '../base/problem.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { ChatRun } from './chat-run.ts'

export interface RunLimits {
  /** How long an answer can be fetched again. */
  readonly keepMs: number
  /** How long an answer goes on while its client is away. */
  readonly leaveMs: number
  /** Of one tenant at once that a model answers, that are quoted, which takes milliseconds and may wait, and of all. */
  readonly tenantMax: number
  readonly tenantQuotedMax: number
  readonly runsMax: number
  /** Memory for the answers of the last minutes, in UTF-16 units. */
  readonly keptUnitsMax: number
}

export const runLimits: RunLimits = {
  keepMs: 5 * 60_000,
  leaveMs: 10_000,
  tenantMax: 8,
  tenantQuotedMax: 32,
  runsMax: 512,
  keptUnitsMax: 32 * 2 ** 20,
}

/** Of one tenant: one question is searched for while another's quotes are chosen. Waiting costs less than being refused. */
export const tenantQuotedAtOnce = 2
/** Looking at all that is kept takes its time, and what is over is not found anyway. */
const purgeEveryMs = 1_000

export class ChatRuns {
  readonly #limits: RunLimits
  readonly #running = new Map<string, { readonly tenant: TenantId; readonly run: ChatRun }>()
  readonly #ended: LRUCache<string, ChatRun>
  /** Conversations that are being answered in. */
  readonly #busy = new Set<string>()
  #purgedAtMs = 0

  constructor(limits: RunLimits) {
    this.#limits = limits
    this.#ended = new LRUCache({
      max: 4_096,
      maxSize: limits.keptUnitsMax,
      sizeCalculation: (run) => run.size,
      ttl: limits.keepMs,
    })
  }

  get running(): number {
    return this.#running.size
  }

  /**
   * @param conversation the one that is gone on with
   * @param isQuoted without a model
   * @throws Problem `conversation_busy`, `too_many_requests`, `overloaded`
   */
  begin(tenant: TenantId, conversation: string, isQuoted = false): ChatRun {
    const { runsMax, leaveMs } = this.#limits
    const tenantMax = isQuoted ? this.#limits.tenantQuotedMax : this.#limits.tenantMax
    if (this.#busy.has(`${tenant}/${conversation}`))
      throw new Problem(
        'conversation_busy',
        'The question before is still being answered in this conversation: wait for its end, or start another one.',
        { retryAfterS: 1 },
      )
    const own = this.#running.values().filter((one) => one.tenant === tenant)
    if ([...own].length >= tenantMax)
      throw new Problem(
        'too_many_requests',
        `${tenantMax} of your questions are being answered: wait for one of them.`,
        {
          retryAfterS: 1,
        },
      )
    if (this.#running.size >= runsMax)
      throw new Problem('overloaded', 'The server answers as many questions as it can.', {
        retryAfterS: 2,
      })
    const run = new ChatRun(randomId('run'), leaveMs)
    this.#running.set(`${tenant}/${run.id}`, { tenant, run })
    this.#busy.add(`${tenant}/${conversation}`)
    return run
  }

  /** @param isKept whether it can be fetched again */
  end(tenant: TenantId, conversation: string, run: ChatRun, isKept: boolean): void {
    run.end()
    this.#running.delete(`${tenant}/${run.id}`)
    this.#busy.delete(`${tenant}/${conversation}`)
    this.#purge(performance.now())
    if (isKept) this.#ended.set(`${tenant}/${run.id}`, run)
  }

  #purge(nowMs: number): void {
    if (nowMs - this.#purgedAtMs < purgeEveryMs) return
    this.#purgedAtMs = nowMs
    this.#ended.purgeStale()
  }

  /** @throws Problem `not_found` for one that never was, is somebody else's, or ended too long ago */
  find(tenant: TenantId, id: string): ChatRun {
    const key = `${tenant}/${id}`
    const run = this.#running.get(key)?.run ?? this.#ended.get(key)
    if (!run)
      throw new Problem(
        'not_found',
        'There is no such answer to go on with: it ended more than five minutes ago, or never was.',
      )
    return run
  }

  abortAll(reason: Problem): void {
    for (const { run } of this.#running.values()) run.abort(reason)
  }
}
