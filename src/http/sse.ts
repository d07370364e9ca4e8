/** Server-sent events: written no faster than they are read, with a sign of life in between. */
import { once } from 'node:events'
import type { Response } from 'express'
import { setStandingHeaders } from './exchange.ts'

export interface ServerSentEvent {
  readonly id?: string
  readonly event?: string
  /** A string is written as it is and has no line end; anything else as JSON. */
  readonly data: unknown
}

export interface SseOptions {
  readonly signal: AbortSignal
  /** Between two signs of life: proxies cut what is silent for a minute. */
  readonly heartbeatMs?: number
  /** A client that takes nothing for this long is cut. */
  readonly stallMs?: number
}

const heartbeatMsDefault = 15_000
const stallMsDefault = 30_000
/** How soon a client that was cut off comes back, in milliseconds. */
const retryMs = 2_000

/** Writes events until there are no more or the client leaves. Nothing is left behind: no timer, no listener. */
export async function sendEvents(
  response: Response,
  events: AsyncIterable<ServerSentEvent>,
  { signal, heartbeatMs = heartbeatMsDefault, stallMs = stallMsDefault }: SseOptions,
): Promise<void> {
  setStandingHeaders(response)
  response.setHeader('Content-Type', 'text/event-stream; charset=utf-8')
  response.setHeader('Cache-Control', 'private, no-store, no-transform')
  // nginx would collect the answer before it hands it on.
  response.setHeader('X-Accel-Buffering', 'no')
  response.write(`retry: ${retryMs}\n\n`)
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(':\n\n')
  }, heartbeatMs)
  try {
    for await (const event of events) {
      if (signal.aborted) return
      const isTaken = response.write(documentOf(event))
      if (!isTaken) await drained(response, signal, stallMs)
    }
    if (!signal.aborted) response.end()
  } finally {
    clearInterval(heartbeat)
  }
}

function documentOf({ id, event, data }: ServerSentEvent): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  const name = event === undefined ? '' : `event: ${event}\n`
  return `${id === undefined ? '' : `id: ${id}\n`}${name}data: ${text}\n\n`
}

async function drained(response: Response, signal: AbortSignal, stallMs: number): Promise<void> {
  const timer = setTimeout(() => response.destroy(), stallMs)
  try {
    await once(response, 'drain', { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    clearTimeout(timer)
  }
}
