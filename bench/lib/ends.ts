/** Learns from the server's events how documents end, for benchmarks and tortures that wait for many. */
import { readEvents } from './event-source.ts'

export interface DocumentEnd {
  readonly id: string
  readonly status: string
  readonly error: { readonly code: string; readonly detail: string } | null
}

export interface EndWatch extends AsyncDisposable {
  /** Resolves when the document is ready or failed, or was already since the watch began; rejects when the stream ends. */
  readonly endOf: (id: string) => Promise<DocumentEnd>
}

/** @param token none in local mode */
export async function watchEnds(url: string, token?: string): Promise<EndWatch> {
  const stop = new AbortController()
  const { body } = await fetch(`${url}/v1/events`, {
    signal: stop.signal,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  })
  if (!body) throw new Error('the events have no body')
  const waiters = new Map<string, PromiseWithResolvers<DocumentEnd>>()
  const waiterOf = (id: string): PromiseWithResolvers<DocumentEnd> => {
    const waiter = waiters.get(id) ?? Promise.withResolvers<DocumentEnd>()
    waiters.set(id, waiter)
    return waiter
  }
  const reading = follow(body, (end) => waiterOf(end.id).resolve(end)).catch(
    (error: Error) => error,
  )
  const ended = reading.then((error) => {
    throw error ?? new Error('the events ended')
  })
  // Whoever waits then hears of it; where nobody does, nothing is wrong.
  ended.catch(() => undefined)
  return {
    endOf: (id) => Promise.race([waiterOf(id).promise, ended]),
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await reading
    },
  }
}

async function follow(
  body: ReadableStream<Uint8Array>,
  onEnd: (end: DocumentEnd) => void,
): Promise<void> {
  for await (const { event, data } of readEvents(body)) {
    if (event === 'reset') throw new Error('events were lost')
    if (event !== 'document') continue
    const document = JSON.parse(data) as DocumentEnd
    if (document.status === 'ready' || document.status === 'failed') onEnd(document)
  }
}
