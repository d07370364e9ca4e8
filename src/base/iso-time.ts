/** Times as the API shows them; `Date.toISOString` takes ten times as long, which a list of fifty documents notices. */

const dayMs = 86_400_000
const upTo = (count: number, digits: number): string[] =>
  Array.from({ length: count }, (_, at) => String(at).padStart(digits, '0'))
const twoDigits = upTo(60, 2)
const threeDigits = upTo(1_000, 3)

/** Most times that are shown together are of one day. */
let known = { day: 0, date: '1970-01-01T' }

/** @param ms Unix milliseconds, whole @returns as `new Date(ms).toISOString()` @throws RangeError beyond what a Date can be */
export function isoTime(ms: number): string {
  const day = Math.floor(ms / dayMs)
  if (day !== known.day) known = { day, date: dateOf(day) }
  const inDay = ms - day * dayMs
  const seconds = Math.floor(inDay / 1_000)
  const minutes = Math.floor(seconds / 60)
  return `${known.date}${twoDigits[Math.floor(minutes / 60)]}:${twoDigits[minutes % 60]}:${twoDigits[seconds % 60]}.${threeDigits[inDay % 1_000]}Z`
}

function dateOf(day: number): string {
  const text = new Date(day * dayMs).toISOString()
  return text.slice(0, text.indexOf('T') + 1)
}
