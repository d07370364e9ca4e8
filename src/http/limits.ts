/** How much of anything one request or one server takes, and why. */

export interface HttpLimits {
  /** A JSON body: the longest query with a filter of a thousand ids is a tenth of it. */
  readonly jsonBytesMax: number
  /** Time to send a JSON body, from its headers on. */
  readonly jsonReadMs: number
  /** One uploaded file. */
  readonly fileBytesMax: number
  /** All of an upload, drained or stored: no request is read beyond it. */
  readonly uploadBytesMax: number
  /** Files in one upload. */
  readonly filesMax: number
  /** An upload or download that does not move for this long is cut. */
  readonly idleMs: number
  /** Slower uploads are cut: a modem is faster, somebody who holds connections open is not. */
  readonly uploadBytesPerSecondMin: number
  /** What is still coming after an answer is read and dropped for this long, so that the client gets to read the answer. */
  readonly lingerMs: number
}

/** What one file may have here and by its user's tier, whichever is less. */
export function fileBytesMaxFor(
  { limits }: { readonly limits: { readonly upload_bytes: number | null } },
  { fileBytesMax }: HttpLimits,
): number {
  return Math.min(fileBytesMax, limits.upload_bytes ?? fileBytesMax)
}

const fileBytesMaxDefault = 512 * 2 ** 20

/** @param given what the operator chose; the whole upload is at least as large as one file */
export function httpLimits(given: Partial<HttpLimits> = {}): HttpLimits {
  const fileBytesMax = given.fileBytesMax ?? fileBytesMaxDefault
  return {
    jsonBytesMax: 256 * 1024,
    jsonReadMs: 20_000,
    uploadBytesMax: 2 * fileBytesMax + 2 ** 20,
    filesMax: 32,
    idleMs: 30_000,
    uploadBytesPerSecondMin: 2_048,
    lingerMs: 3_000,
    ...given,
    fileBytesMax,
  }
}
