/** Delivers what happened to the operator's systems: from the outbox in control.db, again and again for a day. */
import { randomId } from '../base/ids.ts'
import type { Control } from '../control/control.ts'
import type { Delivery, WebhookEvent, Webhooks } from '../control/webhooks.ts'
import type { AddressOptions } from './fetch-url.ts'
import { postWebhook } from './webhook-post.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
/** Before the second attempt, the third …: the last of them is some twenty-four hours after the first. */
const delaysMs = [
  5 * second,
  30 * second,
  2 * minute,
  10 * minute,
  30 * minute,
  hour,
  2 * hour,
  4 * hour,
  8 * hour,
  8 * hour,
] as const
const lookEveryMs = 2 * second
/** Sent at once, and read from the outbox at once. */
const sendingMax = 16

export interface WebhookSenderOptions extends AddressOptions {
  readonly webhooks: Webhooks
  readonly control: Pick<Control, 'record' | 'ask'>
  readonly onFault: (error: unknown) => void
  readonly nowMs?: () => number
}

export class WebhookSender {
  readonly #options: WebhookSenderOptions
  readonly #nowMs: () => number
  readonly #closing = new AbortController()
  readonly #timer: NodeJS.Timeout
  #sending: Promise<void> | undefined
  /** Something may wait that was not looked at. */
  #isDue = true

  constructor(options: WebhookSenderOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
    this.#timer = setInterval(() => {
      if (this.#isDue) void this.pump()
    }, lookEveryMs)
    this.#timer.unref()
  }

  /**
   * Says that something happened; resolves when it is in the outbox, and never rejects.
   * @param tenant whose deletion takes it back; empty where it is about nobody, or about the deletion
   */
  async notify(
    type: WebhookEvent,
    tenant: string,
    data: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const to = this.#options.webhooks.list().filter(({ events }) => events.includes(type))
    if (to.length === 0) return
    const createdAtMs = this.#nowMs()
    const message = randomId('msg')
    const body = JSON.stringify({ type, timestamp: new Date(createdAtMs).toISOString(), data })
    const deliveries = to.map(({ id }) => ({
      message,
      webhook: id,
      tenant,
      type,
      body,
      createdAtMs,
    }))
    try {
      await this.#options.control.record({ kind: 'webhook_queued', deliveries })
      this.#isDue = true
    } catch (error) {
      this.#options.onFault(error)
    }
  }

  /** Gives what was given up another day. @param message one of them; null for all */
  async replay(webhook: string | null, message: string | null): Promise<void> {
    const atMs = this.#nowMs()
    await this.#options.control.record({ kind: 'webhook_replayed', webhook, message, atMs })
    this.#isDue = true
  }

  /** Sends what is due; resolves when nothing more is. Never rejects. */
  pump(): Promise<void> {
    this.#sending ??= this.#send()
      .catch(this.#options.onFault)
      .finally(() => {
        this.#sending = undefined
      })
    return this.#sending
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    this.#closing.abort()
    await this.#sending
  }

  async #send(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const asked = { nowMs: this.#nowMs(), limit: sendingMax }
      this.#isDue = false
      const { due, waiting } = await this.#options.control.ask('webhooks.due', asked)
      this.#isDue ||= waiting > 0
      if (due.length === 0) return
      await Promise.all(due.map((delivery) => this.#deliver(delivery)))
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { message, webhook } = delivery
    const { webhooks, control, onFault: _, nowMs: __, ...address } = this.#options
    const to = webhooks.get(webhook)
    if (!to) return
    const post = async () =>
      postWebhook(
        {
          ...{ url: to.url, secret: webhooks.secretOf(to) },
          ...{ id: message, body: delivery.body, nowMs: this.#nowMs() },
        },
        { ...address, signal: this.#closing.signal },
      )
    // Neither one that cannot be reached nor one whose secret does not open keeps the others waiting.
    const fault = await post().then(
      (status) => (status >= 200 && status < 300 ? undefined : `answered with status ${status}`),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    // What was cut by our own stop counts as not tried.
    if (fault !== undefined && this.#closing.signal.aborted) return
    if (fault === undefined) {
      await control.record({ kind: 'webhook_delivered', message, webhook })
      return
    }
    const delayMs = delaysMs[delivery.attempts]
    const nextAtMs = delayMs === undefined ? null : this.#nowMs() + delayMs
    await control.record({ kind: 'webhook_failed', message, webhook, nextAtMs, fault })
  }
}
