/** `kill -9` while one model's vectors are made anew by another: complete in the end, each once, and no search mixes two. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openDb } from '../../src/base/sqlite.ts'
import { embedRunnerLimits } from '../../src/rag/embed-limits.ts'
import { vecsApplicationId, vecsMigrations } from '../../src/tenancy/schema.ts'
import { FakeEndpoint } from '../../test/fake-endpoint.ts'
import { fakeVector } from '../../test/fake-vector.ts'
import { Client, signToken } from '../lib/client.ts'
import { seededRandom } from '../lib/random.ts'
import { type RunningServer, startServer } from '../lib/server.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'
import { type LibraryText, libraryText } from './library-text.ts'

const killsDefault = 10
const passagesDefault = 20_000
const dimensions = 64
const secret = 'a secret that only this torture knows, long enough'
const user = 'ann'
const [first, second] = ['model-one', 'model-two'] as const
/** Vectors of one space: the words of a passage asked for lie this near to it; of two, they would not. */
const cosineMin = 0.8
const searchPauseMs = 50
const waitMsMax = 1_800_000
const selectSpaces = 'SELECT id, state FROM vector_spaces'
const selectVectors = 'SELECT key, vector FROM vectors'
const spaceStride = 2 ** 36

interface Failure {
  readonly what: string
  readonly [detail: string]: unknown
}

interface Account {
  readonly quota: { readonly passages: { readonly used: number } }
  readonly vectors: { readonly searched: string | null; readonly pending: number }
}

/** What the searches that go on all the while have seen. */
interface Watch {
  searches: number
  /** By meaning, in a space whose question was embedded. */
  semantic: number
  readonly failures: Failure[]
}

export async function embed({
  seed,
  kills = killsDefault,
  passages = passagesDefault,
  say,
}: TortureOptions): Promise<TortureResult> {
  const random = seededRandom(seed)
  const text = libraryText(random, passages)
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-embed-'))
  const fake = await FakeEndpoint.start({ dimensions, models: [first, second] })
  const token = await signToken(secret, user)
  const start = (model: string): Promise<RunningServer> =>
    startServer(dataDir, {
      JWT_SECRET: secret,
      EMBEDDINGS_URL: fake.url,
      EMBEDDINGS_MODEL: model,
    })
  const clientOf = ({ url }: RunningServer): Client => new Client(url, token)
  const watch: Watch = { searches: 0, semantic: 0, failures: [] }
  try {
    let server = await start(first)
    await fill(clientOf(server), text)
    const total = await complete(clientOf(server), say)
    say(`${total} passages have a vector of the first model`)
    await server.stop()
    for (let kill = 0; kill < kills; kill++) {
      server = await start(second)
      // Evenly over the whole change, and a little by chance.
      const until = Math.floor((total * (kill + 0.5 + random() * 0.5)) / (kills + 1))
      await watched(clientOf(server), text, random, watch, () => made(fake, second) >= until)
      await server.kill()
      say(`killed ${kill + 1} times, ${made(fake, second)} of ${total} vectors of the second model`)
    }
    server = await start(second)
    const client = clientOf(server)
    let isDone = false
    await watched(client, text, random, watch, () => {
      if (!isDone) void isComplete(client).then((now) => (isDone = now))
      return isDone
    })
    await watched(client, text, random, watch, afterSearches(watch, 20))
    const exitCode = await server.stop()
    if (exitCode !== 0) watch.failures.push({ what: 'the last stop was not clean', exitCode })
    return result(dataDir, fake, watch, { kills, total })
  } finally {
    await fake.down()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function fill(client: Client, text: LibraryText): Promise<void> {
  const encoder = new TextEncoder()
  for (const { title, markdown } of text.documents) {
    const { id } = await client.upload(`${title}.md`, encoder.encode(markdown))
    const { status } = await client.settled(id)
    if (status !== 'ready') throw new Error(`${title} is ${status}`)
  }
}

async function isComplete(client: Client): Promise<boolean> {
  const { body } = await client.request<Account>('GET', '/v1/me')
  return body.vectors.pending === 0 && body.vectors.searched === 'remote'
}

/** @returns how many passages there are */
async function complete(client: Client, say: (line: string) => void): Promise<number> {
  const endMs = performance.now() + waitMsMax
  while (!(await isComplete(client))) {
    if (performance.now() > endMs)
      throw new Error('the vectors are not complete after half an hour')
    await sleep(200)
  }
  const { body } = await client.request<Account>('GET', '/v1/me')
  say('complete')
  return body.quota.passages.used
}

function afterSearches(watch: Watch, count: number): () => boolean {
  const until = watch.searches + count
  return () => watch.searches >= until
}

/** Vectors of passages that the endpoint has answered for a model. */
function made(fake: FakeEndpoint, model: string): number {
  let count = 0
  for (const text of fake.embeddedBy.get(model)?.keys() ?? []) if (isPassage(text)) count++
  return count
}

function isPassage(text: string): boolean {
  return text.includes('\n\n')
}

/** Searches until it is enough; every search must succeed, and whatever is found by meaning must be near. */
async function watched(
  client: Client,
  text: LibraryText,
  random: () => number,
  watch: Watch,
  isEnough: () => boolean,
): Promise<void> {
  const endMs = performance.now() + waitMsMax
  while (!isEnough()) {
    if (performance.now() > endMs) {
      watch.failures.push({ what: 'the change stands still' })
      return
    }
    const asked = text.questions[Math.floor(random() * text.questions.length)]
    if (asked) await search(client, asked, watch)
    await sleep(searchPauseMs)
  }
}

interface Answer {
  readonly mode: string
  readonly hits: readonly {
    text: string
    explain: { arms: { arm: string; raw: number | null }[] }
  }[]
}

async function search(
  client: Client,
  { question, word }: LibraryText['questions'][number],
  watch: Watch,
): Promise<void> {
  const isSemantic = watch.searches++ % 2 === 0
  const mode = isSemantic ? 'semantic' : 'hybrid'
  const body = { query: question, mode, explain: true, limit: 3 }
  const answer = await client.request<Answer>('POST', '/v1/search', body)
  if (answer.status !== 200) {
    watch.failures.push({ what: 'a search failed', status: answer.status, body: answer.body })
    return
  }
  const [best] = answer.body.hits
  if (!best?.text.includes(word))
    watch.failures.push({ what: 'the passage asked for is not first', mode, word })
  if (answer.body.mode !== 'semantic') return
  watch.semantic++
  const cosine = best?.explain.arms[0]?.raw ?? 0
  if (cosine < cosineMin)
    watch.failures.push({ what: 'question and passage are in two spaces', word, cosine })
}

/** With the server stopped: what is in the file, and what the endpoint was asked for. */
function result(
  dataDir: string,
  fake: FakeEndpoint,
  { searches, semantic, failures }: Watch,
  { kills, total }: { kills: number; total: number },
): TortureResult {
  const stored = storedVectors(join(dataDir, user, 'vecs.db'), fake)
  if (stored.live !== total)
    failures.push({ what: 'not each passage has one vector', stored: stored.live, total })
  if (stored.strange > 0)
    failures.push({ what: 'vectors of another model or text', count: stored.strange })
  const again = { [first]: repeated(fake, first), [second]: repeated(fake, second) }
  const { batchesMax, batchMax } = embedRunnerLimits
  if (again[first] > 0) failures.push({ what: 'asked again without a kill', count: again[first] })
  if (again[second] > kills * batchesMax * batchMax)
    failures.push({ what: 'more was asked again than was in flight', count: again[second] })
  if (semantic === 0) failures.push({ what: 'no search was by meaning: nothing was watched' })
  const figures = {
    kills,
    passages: total,
    stored: stored.live,
    kept: stored.kept,
    asked_again: again[second],
    in_flight_max: batchesMax * batchMax,
    searches,
    searches_by_meaning: semantic,
    failures: failures.length,
  }
  return { figures, failures }
}

function repeated(fake: FakeEndpoint, model: string): number {
  let count = 0
  for (const [text, times] of fake.embeddedBy.get(model) ?? [])
    if (isPassage(text)) count += times - 1
  return count
}

/** Every stored vector must be one that the live space's model made of some passage. */
function storedVectors(
  path: string,
  fake: FakeEndpoint,
): { live: number; kept: number; strange: number } {
  const vecs = openDb(path, {
    mode: 'open',
    synchronous: 'NORMAL',
    applicationId: vecsApplicationId,
    migrations: vecsMigrations,
  })
  try {
    const states = new Map(
      vecs.all<{ id: number; state: string }>(selectSpaces).map(({ id, state }) => [id, state]),
    )
    const known = { live: keysOf(fake, second), kept: keysOf(fake, first) }
    const counts = { live: 0, kept: 0, strange: 0 }
    for (const { key, vector } of vecs.all<{ key: number; vector: Uint8Array }>(selectVectors)) {
      const state = states.get(Math.floor(key / spaceStride))
      if (state !== 'live' && state !== 'kept') continue
      counts[state]++
      const floats = new Float32Array(vector.slice().buffer)
      if (!known[state].has(signsOf(floats))) counts.strange++
    }
    return counts
  } finally {
    vecs.close()
  }
}

function keysOf(fake: FakeEndpoint, model: string): Set<string> {
  const texts = [...(fake.embeddedBy.get(model)?.keys() ?? [])].filter(isPassage)
  const { weights } = fake.manners
  return new Set(texts.map((text) => signsOf(fakeVector(text, dimensions, `${weights}:${model}`))))
}

/** Scaling changes no sign; two models agree in all of them by a chance of one in 2^64. */
function signsOf(vector: ArrayLike<number>): string {
  return Array.from(vector, (value) => (value > 0 ? '1' : '0')).join('')
}
