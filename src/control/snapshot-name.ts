/** The name of a snapshot is its moment in UTC: it sorts as time does, and is never anybody's path. */

const grammar = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/

/** @returns such as `20261121T130500123Z` */
export function snapshotName(atMs: number): string {
  return new Date(atMs).toISOString().replaceAll(/[-:.]/g, '')
}

/** @returns Unix milliseconds, or undefined for any other text */
export function parseSnapshotName(name: string): number | undefined {
  const match = grammar.exec(name)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, ms] = match
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`)
  return Number.isNaN(time) || snapshotName(time) !== name ? undefined : time
}
