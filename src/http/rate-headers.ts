/** What limits say of a request, as the standard header fields. */
import { type Taken, windowS } from '../base/rate-window.ts'

/** What one limit said to one request. */
export interface Rate {
  readonly what: string
  readonly limit: number
  readonly taken: Taken
}

/** The standard fields (draft-ietf-httpapi-ratelimit-headers), name and value in turn; nothing where nothing is limited. */
export function rateHeaders(rates: readonly Rate[]): string[] {
  if (rates.length === 0) return []
  const policies = rates.map(({ what, limit }) => `"${what}";q=${limit};w=${windowS}`)
  const states = rates.map(
    ({ what, taken }) =>
      `"${what}";r=${taken.remaining};t=${taken.isAllowed ? windowS : taken.retryAfterS}`,
  )
  return ['RateLimit-Policy', policies.join(', '), 'RateLimit', states.join(', ')]
}
