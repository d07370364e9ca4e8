/** The load client, a process of its own: keep-alive connections that each send their next request when an answer is whole. */
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'

export interface LoadOrder {
  readonly port: number
  /** Whole requests, head and all; the connections take them in turn. */
  readonly requests: readonly string[]
  readonly connections: number
  readonly ms: number
}

export interface LoadResult {
  readonly answers: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const headEnd = Buffer.from('\r\n\r\n')

process.on('message', (order: LoadOrder) => {
  load(order).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})

async function load({ port, requests, connections, ms }: LoadOrder): Promise<LoadResult> {
  const bytes = requests.map((request) => Buffer.from(request))
  const laneCount = Math.max(connections, bytes.length)
  const times: number[] = []
  const startMs = performance.now()
  const endMs = startMs + ms
  const lanes = Array.from({ length: laneCount }, (_, at) => {
    const request = bytes[at % bytes.length]
    if (!request) throw new Error('there is no request to send')
    return runLane(port, request, endMs, times)
  })
  await Promise.all(lanes)
  const sorted = Float64Array.from(times).sort()
  return {
    answers: sorted.length,
    perSecond: sorted.length / ((performance.now() - startMs) / 1000),
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
  }
}

/** Servers close a connection after so many answers: a new one takes its place, as any client does. */
async function runLane(
  port: number,
  request: Buffer,
  endMs: number,
  times: number[],
): Promise<void> {
  while (performance.now() < endMs) {
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
    await once(socket, 'connect')
    await useConnection(socket, request, endMs, times)
  }
}

function useConnection(
  socket: Socket,
  request: Buffer,
  endMs: number,
  times: number[],
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let kept: Buffer = Buffer.alloc(0)
  let sentMs = 0
  const send = (): void => {
    sentMs = performance.now()
    socket.write(request)
  }
  socket.on('data', (chunk: Buffer) => {
    kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk])
    const whole = answerLength(kept)
    if (whole === undefined || kept.length < whole) return
    const nowMs = performance.now()
    times.push(nowMs - sentMs)
    const answer = kept.toString('latin1')
    kept = Buffer.alloc(0)
    if (!answer.startsWith('HTTP/1.1 200')) reject(new Error(`answered ${answer}`))
    else if (nowMs >= endMs || /\r\nconnection: close/i.test(answer)) socket.end()
    else send()
  })
  socket.on('close', () => resolve())
  socket.on('error', reject)
  send()
  return promise
}

/** @returns undefined while the head is not whole */
function answerLength(bytes: Buffer): number | undefined {
  const end = bytes.indexOf(headEnd)
  if (end === -1) return undefined
  const head = bytes.toString('latin1', 0, end)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (length === undefined) throw new Error('an answer without Content-Length')
  return end + headEnd.length + Number(length)
}
