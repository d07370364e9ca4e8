/** Time as model clients see it: handed in, so that tests need not wait. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface Clock {
  /** Milliseconds that never go back; the zero means nothing. */
  now(): number
  /** Resolves after `ms`. @throws AbortError, with nothing left behind, when the signal aborts */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal, ref: false }),
}

/** Doubles from `baseMs` at the first try up to `maxMs`; half of it is chance, so that clients do not march in step. */
export function backOffMs(
  tries: number,
  baseMs: number,
  maxMs: number,
  random: () => number,
): number {
  return Math.min(maxMs, baseMs * 2 ** Math.min(30, tries - 1)) * (0.5 + random() / 2)
}

/** The promise's result, unless the signal aborts first. @throws the signal's reason then */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort)
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
