/** A small answer from an address that the operator configured: within a time, up to a size, and from nowhere else. */

export interface FetchBounds {
  /** From the call to the last byte. */
  readonly timeoutMs: number
  readonly bytesMax: number
  readonly init?: RequestInit
}

/** @returns the body of a 2xx answer. @throws Error whose message says in a few words what was wrong */
export async function fetchBounded(
  fetcher: typeof fetch,
  url: string,
  { timeoutMs, bytesMax, init = {} }: FetchBounds,
): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetcher(url, { ...init, redirect: 'manual', signal })
    if (!response.ok) {
      await response.body?.cancel()
      throw new Refused(`it answered with ${response.status}`)
    }
    return await readBounded(response, bytesMax)
  } catch (error) {
    if (error instanceof Refused) throw error
    if (signal.aborted) throw new Error(`no answer within ${timeoutMs} ms`)
    throw new Error('it could not be reached', { cause: error })
  }
}

/** `fetch` for a library that asks by itself: any status is an answer, no redirect is followed, and what comes is bounded. */
export function boundedFetch(
  fetcher: typeof fetch,
  { timeoutMs, bytesMax }: Pick<FetchBounds, 'timeoutMs' | 'bytesMax'>,
): (url: string, init: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetcher(url, { ...init, redirect: 'manual', signal })
    const text = await readBounded(response, bytesMax)
    const headers = new Headers()
    for (const name of ['content-type', 'www-authenticate']) {
      const value = response.headers.get(name)
      if (value !== null) headers.set(name, value)
    }
    return new Response(text === '' ? null : text, { status: response.status, headers })
  }
}

class Refused extends Error {}

export class AnswerTooLarge extends Refused {}

async function readBounded(response: Response, bytesMax: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop cancels the stream: what is still coming is not read.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > bytesMax) throw new AnswerTooLarge(`its answer is larger than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
