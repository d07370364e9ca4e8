/** Every row of control.db that holds a secret, and how they are sealed anew: each names its key, so that no interruption hurts. */
import type { Db } from '../base/sqlite.ts'
import { readChatKeys, resealChatKey } from './chat-keys.ts'
import { isSealed, keyIdOf, SecretFault, type SecretPlace, type Secrets } from './secrets.ts'
import { readWebhooks, resealWebhook } from './webhooks.ts'

export interface SealedRow extends SecretPlace {
  /** As it stands there: in the clear where it is older than sealing. */
  readonly text: string
}

export interface Resealed extends SecretPlace {
  readonly sealed: string
  /** What was read: a row that says something else by now is left alone. */
  readonly was: string
}

export type ResealedChange = { readonly kind: 'resealed'; readonly rows: readonly Resealed[] }

/** A secret that no key of this server opens. */
export interface Unopened extends SecretPlace {
  readonly reason: string
}

export function readSealedRows(db: Db): SealedRow[] {
  return [
    ...readWebhooks(db).map(({ id, secret }) => ({
      purpose: 'webhook' as const,
      owner: id,
      text: secret,
    })),
    ...readChatKeys(db).map(({ tenant, sealed }) => ({
      purpose: 'chat_key' as const,
      owner: tenant,
      text: sealed,
    })),
  ]
}

export function applyResealed(db: Db, { rows }: ResealedChange): void {
  for (const { purpose, owner, sealed, was } of rows) {
    if (purpose === 'webhook') resealWebhook(db, { owner, sealed, was })
    else resealChatKey(db, { owner, sealed, was })
  }
}

/** What is to be written so that all of it is sealed under the present key, and what cannot be. */
export function resealAll(
  rows: readonly SealedRow[],
  secrets: Secrets,
): { resealed: Resealed[]; unopened: Unopened[] } {
  const resealed: Resealed[] = []
  const unopened: Unopened[] = []
  for (const { text, ...place } of rows) {
    try {
      const isClear = place.purpose === 'webhook' && !isSealed(text)
      const secret = isClear ? text : secrets.open(text, place)
      if (keyIdOf(text) !== secrets.keyId)
        resealed.push({ ...place, sealed: secrets.seal(secret, place), was: text })
    } catch (error) {
      if (!(error instanceof SecretFault)) throw error
      unopened.push({ ...place, reason: error.message })
    }
  }
  return { resealed, unopened }
}
