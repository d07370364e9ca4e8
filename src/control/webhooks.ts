/** Webhooks and what is to be delivered to them: the tables, and the webhooks in memory. */
import { randomBytes } from 'node:crypto'
import { randomId } from '../base/ids.ts'
import { Problem } from '../base/problem.ts'
import type { Db } from '../base/sqlite.ts'
import { isSealed, type SecretPlace, type Secrets } from './secrets.ts'

export const webhooksSql = `
CREATE TABLE webhooks (
  id TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  -- Signs what is sent there.
  secret TEXT NOT NULL,
  events TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_deliveries (
  message TEXT NOT NULL,
  webhook TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  -- Whose deletion removes it; empty where it is about nobody, or about the deletion itself.
  tenant TEXT NOT NULL,
  type TEXT NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  -- NULL: given up, until somebody says to try again.
  next_at INTEGER,
  fault TEXT,
  PRIMARY KEY (message, webhook)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_at);
`

const selectWebhooks =
  'SELECT id, url, secret, events, created_at FROM webhooks ORDER BY created_at, id'
const insertWebhook =
  'INSERT INTO webhooks (id, url, secret, events, created_at) VALUES (?, ?, ?, ?, ?)'
const resealSecret = 'UPDATE webhooks SET secret = @sealed WHERE id = @owner AND secret = @was'
const deleteWebhook = 'DELETE FROM webhooks WHERE id = ?'
const insertDelivery = `INSERT INTO webhook_deliveries (message, webhook, tenant, type, body, created_at, attempts, next_at)
  SELECT @message, id, @tenant, @type, @body, @createdAtMs, 0, @createdAtMs FROM webhooks WHERE id = @webhook`
const deleteDelivery = 'DELETE FROM webhook_deliveries WHERE message = ? AND webhook = ?'
const updateDelivery = `UPDATE webhook_deliveries SET attempts = attempts + 1, next_at = @nextAtMs, fault = @fault
  WHERE message = @message AND webhook = @webhook`
const replayDeliveries = `UPDATE webhook_deliveries SET next_at = @atMs, created_at = @atMs, attempts = 0
  WHERE next_at IS NULL AND (@webhook IS NULL OR webhook = @webhook) AND (@message IS NULL OR message = @message)`
const deleteOfTenant = 'DELETE FROM webhook_deliveries WHERE tenant = ?'
const deleteOldDead = 'DELETE FROM webhook_deliveries WHERE next_at IS NULL AND created_at < ?'
const selectDue = `SELECT message, webhook, type, body, created_at, attempts FROM webhook_deliveries
  WHERE next_at <= @nowMs ORDER BY next_at, message LIMIT @limit`
const selectDead = `SELECT message, webhook, type, body, created_at, attempts, fault FROM webhook_deliveries
  WHERE next_at IS NULL AND (message, webhook) > (@afterMessage, @afterWebhook) ORDER BY message, webhook LIMIT @limit`
const countWaiting = 'SELECT count(*) AS count FROM webhook_deliveries WHERE next_at IS NOT NULL'

export const webhookEvents = [
  'document.ready',
  'document.failed',
  'quota.near',
  'quota.over',
  'tenant.created',
  'tenant.suspended',
  'tenant.deleted',
  'snapshot.made',
  'snapshot.failed',
] as const
export type WebhookEvent = (typeof webhookEvents)[number]

export interface Webhook {
  readonly id: string
  readonly url: string
  /** Sealed; opened it is `whsec_` and base64, as Standard Webhooks has it. */
  readonly secret: string
  readonly events: readonly WebhookEvent[]
  readonly createdAtMs: number
}

export interface NewDelivery {
  readonly message: string
  readonly webhook: string
  readonly tenant: string
  readonly type: WebhookEvent
  readonly body: string
  readonly createdAtMs: number
}

export interface Delivery {
  readonly message: string
  readonly webhook: string
  readonly type: WebhookEvent
  readonly body: string
  readonly created_at: number
  readonly attempts: number
}

export type DeadDelivery = Delivery & { readonly fault: string | null }

export type WebhookChange =
  | { readonly kind: 'webhook_added'; readonly webhook: Webhook }
  | { readonly kind: 'webhook_removed'; readonly id: string }
  | { readonly kind: 'webhook_queued'; readonly deliveries: readonly NewDelivery[] }
  | { readonly kind: 'webhook_delivered'; readonly message: string; readonly webhook: string }
  | {
      readonly kind: 'webhook_failed'
      readonly message: string
      readonly webhook: string
      /** null gives it up. */
      readonly nextAtMs: number | null
      readonly fault: string
    }
  | {
      readonly kind: 'webhook_replayed'
      readonly webhook: string | null
      readonly message: string | null
      readonly atMs: number
    }
  | { readonly kind: 'webhook_tenant_removed'; readonly tenant: string }

const secretBytes = 32
/** What nobody asked for again in a month is removed. */
const deadMs = 30 * 86_400_000

/** @param isPrivate whether it may be without TLS; @throws Problem `invalid_request` */
export function checkUrl(address: string, isPrivate: boolean): void {
  const url = URL.parse(address)
  const fault =
    url === null || !/^https?:$/.test(url.protocol)
      ? 'is none like https://example.org/hook'
      : url.username !== '' || url.password !== ''
        ? 'has a name or password in it'
        : url.protocol !== 'https:' && !isPrivate
          ? 'has to begin with https:// (WEBHOOKS_PRIVATE=true allows http, and private addresses)'
          : undefined
  if (fault !== undefined)
    throw new Problem('invalid_request', `This address is not taken: it ${fault}.`, {
      errors: [{ path: 'url', message: fault }],
    })
}

/** All webhooks, in memory: there are few. */
export class Webhooks {
  readonly #write: (change: WebhookChange) => Promise<void>
  readonly #secrets: Pick<Secrets, 'seal' | 'open'>
  readonly #all: Map<string, Webhook>

  constructor(
    all: readonly Webhook[],
    write: (change: WebhookChange) => Promise<void>,
    secrets: Pick<Secrets, 'seal' | 'open'>,
  ) {
    this.#write = write
    this.#secrets = secrets
    this.#all = new Map(all.map((webhook) => [webhook.id, webhook]))
  }

  list(): Webhook[] {
    return [...this.#all.values()]
  }

  get(id: string): Webhook | undefined {
    return this.#all.get(id)
  }

  /** What signs. @throws SecretFault when no key of this server opens it */
  secretOf({ id, secret }: Webhook): string {
    return isSealed(secret) ? this.#secrets.open(secret, placeOf(id)) : secret
  }

  /** @returns the webhook, with its secret as it is this once; resolves when durable */
  async add(url: string, events: readonly WebhookEvent[], nowMs: number): Promise<Webhook> {
    const secret = `whsec_${randomBytes(secretBytes).toString('base64')}`
    const id = randomId('hook')
    const sealed = this.#secrets.seal(secret, placeOf(id))
    const webhook = { id, url, secret: sealed, events, createdAtMs: nowMs }
    await this.#write({ kind: 'webhook_added', webhook })
    this.#all.set(id, webhook)
    return { ...webhook, secret }
  }

  /** Its row was sealed anew. */
  resealed(id: string, sealed: string, was: string): void {
    const webhook = this.#all.get(id)
    if (webhook?.secret === was) this.#all.set(id, { ...webhook, secret: sealed })
  }

  /** Takes what waits for it along. @returns false when there is none */
  async remove(id: string): Promise<boolean> {
    if (!this.#all.delete(id)) return false
    await this.#write({ kind: 'webhook_removed', id })
    return true
  }
}

function placeOf(id: string): SecretPlace {
  return { purpose: 'webhook', owner: id }
}

export function readWebhooks(db: Db): Webhook[] {
  const rows = db.all<{
    id: string
    url: string
    secret: string
    events: string
    created_at: number
  }>(selectWebhooks)
  return rows.map(({ events, created_at, ...row }) => ({
    ...row,
    events: events.split(' ') as WebhookEvent[],
    createdAtMs: created_at,
  }))
}

/** Only where the row is still what was opened. */
export function resealWebhook(
  db: Db,
  resealed: { readonly owner: string; readonly sealed: string; readonly was: string },
): void {
  db.run(resealSecret, resealed)
}

export function applyWebhook(db: Db, change: WebhookChange): void {
  switch (change.kind) {
    case 'webhook_added': {
      const { id, url, secret, events, createdAtMs } = change.webhook
      db.run(insertWebhook, id, url, secret, events.join(' '), createdAtMs)
      return
    }
    case 'webhook_removed':
      db.run(deleteWebhook, change.id)
      return
    case 'webhook_queued':
      for (const delivery of change.deliveries) {
        db.run(insertDelivery, { ...delivery })
        db.run(deleteOldDead, delivery.createdAtMs - deadMs)
      }
      return
    case 'webhook_delivered':
      db.run(deleteDelivery, change.message, change.webhook)
      return
    case 'webhook_failed': {
      const { kind: _, ...failed } = change
      db.run(updateDelivery, failed)
      return
    }
    case 'webhook_replayed': {
      const { kind: _, ...replayed } = change
      db.run(replayDeliveries, replayed)
      return
    }
    case 'webhook_tenant_removed':
      db.run(deleteOfTenant, change.tenant)
      return
  }
}

/** What is to be sent now, and how many wait in all. */
export function dueDeliveries(
  db: Db,
  args: { nowMs: number; limit: number },
): { due: Delivery[]; waiting: number } {
  const waiting = db.get<{ count: number }>(countWaiting)?.count ?? 0
  return { due: db.all<Delivery>(selectDue, args), waiting }
}

/** What was given up. @param after message and webhook of the last row of the page before */
export function deadDeliveries(
  db: Db,
  {
    after: [afterMessage, afterWebhook] = ['', ''],
    limit,
  }: { after?: readonly [string, string] | undefined; limit: number },
): DeadDelivery[] {
  return db.all<DeadDelivery>(selectDead, { afterMessage, afterWebhook, limit })
}
