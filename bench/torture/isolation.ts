/** Many users, canaries in everything they own, random requests over every route: nobody ever sees another's. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, signToken } from '../lib/client.ts'
import { seededRandom } from '../lib/random.ts'
import { type RunningServer, startServer } from '../lib/server.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'
import {
  type Described,
  type Made,
  makeRequest,
  namesDocument,
  pick,
  type Target,
} from './random-request.ts'

const requestsDefault = 12_000
const usersMax = 40
const requestsPerUserMin = 50
const inFlight = 16
const foreignShare = 0.3
const streamMs = 150
/** Of one user's documents, those that are asked for. */
const idsMax = 12
const secret = 'a secret that only this torture knows, long enough'
const prefix = 'canary'
const ofSomebody = /canary\d+x[\da-z]+q/
const changing = new Set(['date', 'x-request-id', 'connection', 'keep-alive'])

interface User {
  readonly name: string
  readonly canary: string
  readonly token: string
  ids: string[]
}

export async function isolation({
  seed,
  rounds = requestsDefault,
  say,
}: TortureOptions): Promise<TortureResult> {
  const random = seededRandom(seed)
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-isolation-'))
  const count = Math.max(3, Math.min(usersMax, Math.floor(rounds / requestsPerUserMin)))
  const users = await makeUsers(count, random)
  const failures: Record<string, unknown>[] = []
  const lines: string[] = []
  const settings = { JWT_SECRET: secret, POOL_MAX: '8', SHARDS: '1' }
  const server = await startServer(dataDir, settings, [], (line) => lines.push(line))
  const statuses = new Map<number, number>()
  let compared = 0
  let ownSeen = 0
  try {
    await Promise.all(users.map((user) => fill(server, user)))
    const targets = await routesOf(server)
    say(`${count} users, ${targets.length} routes`)
    let left = rounds
    const work = async (): Promise<void> => {
      while (left-- > 0) {
        const user = pick(users, random)
        const target = targets[left % targets.length] ?? pick(targets, random)
        const isForeign = namesDocument(target) && random() < foreignShare
        const other = pick(
          users.filter((one) => one !== user),
          random,
        )
        // What somebody calls a key is kept with the key, in the server's own records.
        const word = target.path === '/v1/keys' ? 'a key' : user.canary
        const made = makeRequest(target, isForeign ? other.ids : user.ids, word, random)
        const answer = await send(server, user, made)
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        const leaked = foreignCanaries(answer.text + answer.headers, users, user)
        if (leaked.length > 0) failures.push({ what: 'a foreign canary', ...made, leaked })
        if (answer.text.includes(user.canary)) ownSeen++
        keepBusy(user, made, answer, random)
        if (answer.status >= 500 && answer.status !== 503)
          failures.push({ what: 'a fault', ...made, status: answer.status, text: answer.text })
        if (!isForeign) continue
        compared++
        const unknown = `doc_${'a'.repeat(26)}`
        const never = await send(server, user, {
          ...made,
          url: made.url.replaceAll(made.id, unknown),
          ...(made.body !== undefined && { body: renamed(made.body, made.id, unknown) }),
        })
        const [seen, expected] = [answer, never].map(({ status, headers, text }) =>
          `${status} ${headers} ${text}`
            .replaceAll(/"request_id":"[^"]*"/g, '')
            .replaceAll(made.id, unknown),
        )
        if (seen !== expected)
          failures.push({
            what: 'a foreign id is told from an unknown one',
            ...made,
            seen,
            expected,
          })
      }
    }
    await Promise.all(Array.from({ length: inFlight }, work))
  } finally {
    const exitCode = await server.stop()
    if (exitCode !== 0) failures.push({ what: 'the stop was not clean', exitCode })
  }
  const logged = lines.filter((line) => line.includes(prefix))
  if (logged.length > 0) failures.push({ what: 'a canary in the log', line: logged[0] })
  if (ownSeen === 0) failures.push({ what: 'nobody saw even their own canary' })
  failures.push(...examineFiles(dataDir, users))
  rmSync(dataDir, { recursive: true, force: true })
  const figures = {
    users: count,
    requests: rounds,
    compared,
    own_canaries_seen: ownSeen,
    statuses: [...statuses]
      .toSorted(([a], [b]) => a - b)
      .map((pair) => pair.join('×'))
      .join(' '),
    log_lines: lines.length,
    failures: failures.length,
  }
  return { figures, failures }
}

async function makeUsers(count: number, random: () => number): Promise<User[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, at) => ({
      name: `user${at}`,
      canary: `${prefix}${at}x${Math.floor(random() * 1e9).toString(36)}q`,
      token: await signToken(secret, `user${at}`),
      ids: [],
    })),
  )
}

/** A canary in the text, the title, a tag and the file's name of each of three documents. */
async function fill(server: RunningServer, user: User): Promise<void> {
  const client = new Client(server.url, user.token)
  for (const kind of ['letters', 'notes', 'drafts']) {
    const text = `# About ${kind}\n\nThe ${user.canary} keeps ${kind}.\n\nAnother page of ${kind}.\n`
    const bytes = new TextEncoder().encode(text)
    const { id } = await client.upload(`${user.canary}-${kind}.md`, bytes)
    await client.settled(id)
    const change = { title: `${user.canary} ${kind}`, tags: [`${user.canary}-${kind}`] }
    await client.request('PATCH', `/v1/documents/${id}`, change)
    user.ids.push(id)
  }
}

/** The description is made from the route table: a route that is added is called here. */
async function routesOf(server: RunningServer): Promise<Target[]> {
  const response = await fetch(`${server.url}/openapi.json`)
  const { paths } = (await response.json()) as {
    paths: Record<string, Record<string, Described>>
  }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({
      method: method.toUpperCase(),
      path,
      described,
    })),
  )
}

/** What was deleted is no longer asked for, what was added is. */
function keepBusy(
  user: User,
  { method, id, url }: Made,
  { status, text }: { status: number; text: string },
  random: () => number,
): void {
  if (method === 'DELETE' && status === 204 && url.endsWith(id) && user.ids.length > 1)
    user.ids = user.ids.filter((one) => one !== id)
  if (status !== 202 || !text.includes('"documents"')) return
  const { documents = [] } = JSON.parse(text) as { documents?: { id: string }[] }
  for (const document of documents)
    if (user.ids.length < idsMax) user.ids.push(document.id)
    else user.ids[Math.floor(random() * idsMax)] = document.id
}

async function send(
  server: RunningServer,
  user: User,
  { method, url, body, file }: Made,
): Promise<{ status: number; headers: string; text: string }> {
  const stop = new AbortController()
  const response = await fetch(server.url + url, {
    method,
    signal: stop.signal,
    headers: {
      authorization: `Bearer ${user.token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(file !== undefined && { body: formOf(file, user) }),
  })
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  const timer = isStream ? setTimeout(() => stop.abort(), streamMs) : undefined
  let text = ''
  try {
    const decoder = new TextDecoder('latin1')
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true })
  } catch (error) {
    if (!stop.signal.aborted) throw error
  }
  clearTimeout(timer)
  const headers = [...response.headers].filter(([name]) => !changing.has(name)).join('\n')
  return { status: response.status, headers, text }
}

function renamed(body: unknown, from: string, to: string): unknown {
  return JSON.parse(JSON.stringify(body).replaceAll(from, to))
}

function formOf(text: string, { canary }: User): FormData {
  const form = new FormData()
  form.append('file', new Blob([text]), `${canary}.md`)
  return form
}

function foreignCanaries(text: string, users: readonly User[], own: User): string[] {
  if (!text.includes(prefix)) return []
  return users
    .filter((user) => user !== own && text.includes(user.canary))
    .map(({ canary }) => canary)
}

/** After the stop: a canary stands in its owner's files, and in nobody else's. */
function examineFiles(dataDir: string, users: readonly User[]): Record<string, unknown>[] {
  const failures: Record<string, unknown>[] = []
  for (const user of users) {
    const contents = filesIn(join(dataDir, user.name)).map((path) => readFileSync(path, 'latin1'))
    const text = contents.join('\n')
    const leaked = foreignCanaries(text, users, user)
    if (leaked.length > 0) failures.push({ what: 'a foreign canary in the files', user, leaked })
  }
  for (const path of filesIn(join(dataDir, '.carrel'))) {
    const text = readFileSync(path, 'latin1')
    // Somebody's own: the bare word is what anybody may call a key.
    const at = text.search(ofSomebody)
    if (at === -1) continue
    const around = text.slice(Math.max(0, at - 80), at + 80)
    failures.push({ what: 'a canary in the server’s own files', path, around })
  }
  return failures
}

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path).flatMap((name) => filesIn(join(path, name)))
}
