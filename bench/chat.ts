/** Chat with a model: how soon the passages come, and what fifty answers being written do to somebody else's search. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { askUntil } from './lib/chat-stream.ts'
import { Client, signToken } from './lib/client.ts'
import { generatedCollection } from './lib/generated.ts'
import type { ModelManners } from './lib/model-thread.ts'
import { type BenchContext, type BenchResult, type BenchRow, rounded } from './lib/report.ts'
import { startServer } from './lib/server.ts'
import { median, percentile } from './lib/statistics.ts'

const secret = 'the benchmark signs its own tokens with this'
const passages = 10_000
/** Of those who chat in the crowd. */
const passagesOfOthers = 500
const sectionsPerFile = 250
const questions = 200
const crowdStreams = 50
/** As many at once may be written for one tenant; fifty streams are some people's. */
const streamsPerUser = 8
/** A fast model: about sixty tokens a second for each of the fifty. */
const pieceMs = 17
/** Somebody who searches as they type. */
const searchEveryMs = 80
const rounds = 4
const searchesPerRound = 350
const settleMs = 250
const warmUpMs = 6_000
/** As long as answers are, some 270 words in six seconds, with as many citations to look up. */
const answer =
  'It was so, as everybody who has read these letters says, and most people in the town knew it long before that [1]. '.repeat(
    14,
  )

/** What the crowd's thread is given. */
export interface CrowdData {
  readonly url: string
  readonly tokens: readonly string[]
  readonly questions: readonly string[]
}

/**
 * @returns ratios `passages_p50_ms`; `search_p99_in_crowd` (in company over alone) and `search_p99_over_allowed` (over twice
 * alone or 15 ms more, whichever is larger), both null when the machine was too busy for the quiet user's own searches
 */
export async function chatBench({ say }: BenchContext): Promise<BenchResult> {
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-chat-'))
  const model = new Worker(new URL('./lib/model-thread.ts', import.meta.url))
  const modelUrl = await said<string>(model)
  const env = { JWT_SECRET: secret, CHAT_URL: modelUrl, CHAT_MODEL: 'fake' }
  const server = await startServer(dataDir, env)
  try {
    const users = ['quiet', ...Array.from({ length: crowdUsers }, (_, at) => `crowd${at}`)]
    const tokens = await Promise.all(users.map((user) => signToken(secret, user, ultra)))
    const clients = tokens.map((token) => new Client(server.url, token))
    const [quiet] = clients as [Client]
    const asked = generatedCollection(1).queries.map(({ text }) => text)
    for (const [at, client] of clients.entries())
      await fill(client, at === 0 ? passages : passagesOfOthers, at)
    const { passages: have } = await settled(clients)
    say(`${have} passages`)
    const first = await timePassages(server.url, tokens[0] ?? '', asked)
    say(
      `passages after ${rounded(median(first))} ms at p50, ${rounded(percentile(first, 0.99))} at p99`,
    )
    model.postMessage({ answer, paceMs: pieceMs } satisfies ModelManners)
    await said(model)
    const data: CrowdData = { url: server.url, tokens: tokens.slice(1), questions: asked }
    const worker = new Worker(new URL('./lib/chat-crowd.ts', import.meta.url), { workerData: data })
    const crowd = new Crowd(worker)
    const alone: Timed = { times: [], refused: 0 }
    const company: Timed = { times: [], refused: 0 }
    // As every server is after a minute: what a crowd needs is compiled.
    await crowd.tell('start')
    await pause(warmUpMs)
    await crowd.tell('stop')
    for (let round = 0; round < rounds; round++) {
      await timeSearches(quiet, asked, round, alone)
      await crowd.tell('start')
      await pause(settleMs)
      await timeSearches(quiet, asked, round, company)
      await crowd.tell('stop')
      await pause(settleMs)
      say(`round ${round + 1}: ${crowd.answers} answers begun by the crowd`)
    }
    await worker.terminate()
    const rows: BenchRow[] = [
      { what: 'first byte of passages', passages: have, ...spread({ times: first, refused: 0 }) },
      { what: 'search, alone', passages: have, ...spread(alone) },
      { what: `search, beside ${crowdStreams} streams`, passages: have, ...spread(company) },
    ]
    const [aloneP99, companyP99] = [percentile(alone.times, 0.99), percentile(company.times, 0.99)]
    // A machine that cannot even do the quiet user's searches measures itself.
    const isValid = alone.refused + company.refused === 0
    const allowed = Math.max(2 * aloneP99, aloneP99 + 15)
    return {
      rows,
      ratios: {
        passages_p50_ms: rounded(median(first)),
        search_p99_in_crowd: isValid ? rounded(companyP99 / aloneP99) : null,
        search_p99_over_allowed: isValid ? rounded(companyP99 / allowed) : null,
        answers_of_crowd: crowd.answers,
      },
    }
  } finally {
    await server.stop()
    await model.terminate()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

const crowdUsers = Math.ceil(crowdStreams / streamsPerUser)
/** Rates are not what is measured. */
const ultra = { tier: 'ultra' }

/** Files of sections with a heading each, every section a passage. */
async function fill(client: Client, size: number, seed: number): Promise<void> {
  const { documents } = generatedCollection(size)
  for (let at = 0; at < size; at += sectionsPerFile) {
    const sections = documents
      .slice(at, at + sectionsPerFile)
      .map(({ title, text }) => `## ${title}\n\n${text}\n`)
    const bytes = new TextEncoder().encode(`# File ${seed} ${at}\n\n${sections.join('\n')}`)
    await client.upload(`file-${seed}-${at}.md`, bytes)
  }
}

/** Waits until everything is read and has its vectors. @returns what the first has */
async function settled(clients: readonly Client[]): Promise<{ passages: number }> {
  let first = 0
  for (const [at, client] of clients.entries()) {
    for (const { id } of await client.documents()) {
      const { status, error } = await client.settled(id)
      if (status === 'failed') throw new Error(`not read: ${error?.detail}`)
    }
    for (;;) {
      const { body } = await client.request<{
        quota: { passages: { used: number } }
        vectors: { pending: number }
      }>('GET', '/v1/me')
      if (at === 0) first = body.quota.passages.used
      if (!(body.vectors.pending > 0)) break
      await pause(settleMs)
    }
  }
  return { passages: first }
}

async function timePassages(
  url: string,
  token: string,
  asked: readonly string[],
): Promise<number[]> {
  const times: number[] = []
  for (let at = 0; at < questions + 20; at++) {
    const startMs = performance.now()
    await askUntil(url, token, asked[at % asked.length] ?? '', 'done', (event) => {
      // The first ones warm up what every server is warm in after a minute.
      if (event === 'passages' && at >= 20) times.push(performance.now() - startMs)
    })
  }
  return times
}

/** At a steady rate: what is late counts from when it was due. */
async function timeSearches(
  client: Client,
  asked: readonly string[],
  round: number,
  into: Timed,
): Promise<void> {
  const startMs = performance.now() + searchEveryMs
  const asking: Promise<void>[] = []
  for (let at = 0; at < searchesPerRound; at++) {
    const dueMs = startMs + at * searchEveryMs
    await pause(Math.max(0, dueMs - performance.now()))
    const text = asked[(at + round * 37) % asked.length] ?? ''
    const search = async (): Promise<void> => {
      const { status } = await client.request('POST', '/v1/search', { query: text, limit: 10 })
      into.times.push(performance.now() - dueMs)
      if (status !== 200) into.refused++
    }
    asking.push(search())
  }
  await Promise.all(asking)
}

/** Those who chat, in a thread of their own: reading their answers must not delay what is timed. */
class Crowd {
  readonly #worker: Worker
  answers = 0

  constructor(worker: Worker) {
    this.#worker = worker
  }

  /** Resolves when it is so. */
  async tell(what: 'start' | 'stop'): Promise<void> {
    const answers = said<number>(this.#worker)
    this.#worker.postMessage(what)
    this.answers = await answers
  }
}

/** What a thread says next. */
async function said<Message>(worker: Worker): Promise<Message> {
  const { promise, resolve, reject } = Promise.withResolvers<Message>()
  worker.once('message', resolve).once('error', reject)
  const message = await promise
  worker.removeListener('error', reject)
  return message
}

interface Timed {
  readonly times: number[]
  /** Too busy a machine: the figures of such a run say nothing about Carrel. */
  refused: number
}

function spread({ times, refused }: Timed): Record<string, number> {
  return {
    samples: times.length,
    refused,
    p50_ms: rounded(median(times)),
    p95_ms: rounded(percentile(times, 0.95)),
    p99_ms: rounded(percentile(times, 0.99)),
  }
}
