/** What is made of many measurements. */

/** @param share 0 to 1 @returns NaN of none */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** Of the straight line through the points, by least squares: how much y grows by one of x. NaN of fewer than two. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (of: (point: readonly [number, number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)]
  const top = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const bottom = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return bottom === 0 ? Number.NaN : top / bottom
}

/** How y grows with x: 0 not at all, 1 as x does. */
export function growthExponent(points: readonly (readonly [x: number, y: number])[]): number {
  return slope(points.map(([x, y]) => [Math.log(x), Math.log(y)]))
}
