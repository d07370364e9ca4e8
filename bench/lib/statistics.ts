/** The middle and the tail of measured times. */

/** @param share 0 to 1 @returns NaN of nothing */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** @returns NaN of nothing */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}
