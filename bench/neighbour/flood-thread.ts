/** A thread of one loud user, who never waits: searches, documents, questions or exports, as many at once as a busy program sends. */
import { parentPort, workerData } from 'node:worker_threads'
import { Client } from '../lib/client.ts'
import { saltedNotes } from './libraries.ts'

export const floods = ['search', 'ingest', 'chat', 'export'] as const
export type Flood = (typeof floods)[number]

export interface FloodData {
  readonly url: string
  readonly token: string
  readonly questions: readonly string[]
}

/** What came of a flood. */
export interface Flooded {
  readonly answered: number
  /** By 429 or 503, with `Retry-After`. */
  readonly refused: number
  /** Anything else but success. */
  readonly failed: number
}

const atOnce: Readonly<Record<Flood, number>> = { search: 32, ingest: 4, chat: 16, export: 4 }
/** One of a documents' limits is their number: the flood removes what it brought. */
const keptMax = 40
const refusedPauseMs = 20

if (parentPort) {
  const { url, token, questions } = workerData as FloodData
  const client = new Client(url, token)
  const headers = { authorization: `Bearer ${token}` }
  let stopping = new AbortController()
  let running: Promise<unknown> = Promise.resolve()
  let counts = { answered: 0, refused: 0, failed: 0 }
  let seed = 0

  const send: Readonly<Record<Flood, (n: number, signal: AbortSignal) => Promise<Response>>> = {
    search: (n, signal) => post('/v1/search', { query: questionOf(n), limit: 20 }, signal),
    chat: (n, signal) => post('/v1/chat', { message: questionOf(n) }, signal),
    export: (_, signal) => fetch(`${url}/v1/export`, { headers, signal }),
    ingest: (n, signal) => {
      const form = new FormData()
      form.append('file', new Blob([saltedNotes(n)]), `flood-${n}.md`)
      return fetch(`${url}/v1/documents`, { method: 'POST', headers, body: form, signal })
    },
  }

  function questionOf(n: number): string {
    return questions[n % questions.length] ?? ''
  }

  function post(path: string, body: object, signal: AbortSignal): Promise<Response> {
    const json = { ...headers, 'content-type': 'application/json' }
    return fetch(url + path, { method: 'POST', headers: json, body: JSON.stringify(body), signal })
  }

  async function lane(flood: Flood, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const response = await send[flood](seed++, signal)
        await response.arrayBuffer()
        if (response.ok) counts.answered++
        else if (response.headers.has('retry-after')) counts.refused++
        else counts.failed++
        // A program that is refused and asks at once is what a rate limit is for; this one is a little better.
        if (!response.ok) await new Promise((resolve) => setTimeout(resolve, refusedPauseMs))
      } catch {
        if (!signal.aborted) counts.failed++
      }
    }
  }

  async function tidy(): Promise<void> {
    const all = await client.documents()
    for (const { id } of all.filter(({ filename }) => filename.startsWith('flood-')).slice(keptMax))
      await client.request('DELETE', `/v1/documents/${id}`)
  }

  parentPort.on('message', async (flood: Flood | 'stop') => {
    if (flood === 'stop') {
      stopping.abort()
      await running
      await tidy()
      parentPort?.postMessage(counts satisfies Flooded)
      return
    }
    counts = { answered: 0, refused: 0, failed: 0 }
    stopping = new AbortController()
    const { signal } = stopping
    running = Promise.all(Array.from({ length: atOnce[flood] }, () => lane(flood, signal)))
    parentPort?.postMessage('begun')
  })
}
