/** A clock that all threads of the process read alike: `performance.now()` begins anew in each. */

/** Monotonic milliseconds. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
