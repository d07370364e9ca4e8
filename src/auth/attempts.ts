/** Credentials that fail, counted by the address they come from. */
import { Problem } from '../base/problem.ts'
import { RateWindow } from '../base/rate-window.ts'

export interface Attempts {
  /** @throws Problem `too_many_requests` in place of the failure */
  failed(address: string): void
}

/**
 * A credential is looked at in any case: many people may share an address (a proxy, a school), and one who guesses must not
 * lock the others out. Keys and tokens of 256 bits are not found by guessing; what is held back is the noise.
 */
export function createAttempts(perMinute: number, nowMs?: () => number): Attempts {
  const window = new RateWindow(nowMs ? { nowMs } : {})
  return {
    failed: (address) => {
      const { isAllowed, retryAfterS } = window.take(address, perMinute)
      if (!isAllowed)
        throw new Problem(
          'too_many_requests',
          `More than ${perMinute} credentials from this address failed within a minute.`,
          { retryAfterS },
        )
    },
  }
}
