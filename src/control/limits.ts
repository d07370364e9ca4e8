/** How much of anything a tenant may use: the names of the limits, and of the tiers that give them. */
import type { Quota } from '../tenancy/quota.ts'

export const tierNames = ['free', 'paid', 'premium', 'ultra', 'local'] as const

/** `local` is the tier of a server without login; no token gives it. */
export type Tier = (typeof tierNames)[number]

/** `null` is no limit. */
export interface Limits extends Quota {
  /** One uploaded file. */
  readonly upload_bytes: number | null
  readonly requests_per_minute: number | null
  /** Requests being answered at once. */
  readonly concurrent_requests: number | null
  /** Documents being read at once. */
  readonly concurrent_jobs: number | null
  readonly api_keys: number | null
  /** Read and written by the server's chat model on one day, UTC. An answer that was begun is written to its end. */
  readonly chat_tokens_per_day: number | null
  /** Whether the library may bring a key of its own for the chat endpoint. */
  readonly own_chat_key: boolean
}
