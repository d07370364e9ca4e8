/** `kill -9` during uploads and reading: what was acknowledged is there and becomes ready, nothing half-made is listed. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, type DocumentAnswer, signToken } from '../lib/client.ts'
import { seededRandom } from '../lib/random.ts'
import { type RunningServer, startServer } from '../lib/server.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'

const killsDefault = 50
const users = ['ann', 'ben', 'cleo']
const uploadsAtOnce = 4
/** A kill comes after so many acknowledged uploads at most, and a moment more: in any phase of uploading and reading. */
const acknowledgedMax = 14
const momentMsMax = 120
/** Some come before the first upload is through. */
const earlyShare = 0.2
const waitMsMax = 10_000
const secret = 'a secret that only this torture knows, long enough'
const nouns = 'harbour lantern orchard river window archive ladder meadow compass kettle'.split(' ')
const sample = new URL('../../samples/', import.meta.url)

interface Sent {
  readonly user: string
  readonly marker: string
  readonly sha256: string
  id?: string
}

export async function crash({
  seed,
  kills = killsDefault,
  say,
}: TortureOptions): Promise<TortureResult> {
  const random = seededRandom(seed)
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-crash-'))
  const tokens = new Map(
    await Promise.all(users.map(async (user) => [user, await signToken(secret, user)] as const)),
  )
  const clientFor = (server: RunningServer, user: string): Client =>
    new Client(server.url, tokens.get(user))
  const sent: Sent[] = []
  const settings = { JWT_SECRET: secret, POOL_IDLE_MS: '200' }
  try {
    for (let kill = 0; kill < kills; kill++) {
      const server = await startServer(dataDir, settings)
      const stopping = new AbortController()
      const uploads = Array.from({ length: uploadsAtOnce }, () =>
        uploadUntil(stopping.signal, server, clientFor, sent, random),
      )
      const isEarly = random() < earlyShare
      await reached(sent, isEarly ? 0 : 1 + Math.floor(random() * acknowledgedMax))
      await new Promise((resolve) => setTimeout(resolve, random() * momentMsMax))
      await server.kill()
      stopping.abort()
      await Promise.all(uploads)
      if (kill % 10 === 9)
        say(`${kill + 1} kills, ${sent.filter((one) => one.id).length} uploads acknowledged`)
    }
    return await examine(dataDir, settings, clientFor, sent, kills)
  } finally {
    rmSync(dataDir, { recursive: true, force: true })
  }
}

/** Resolves when `more` further uploads have been acknowledged, or none came for long. */
async function reached(sent: readonly Sent[], more: number): Promise<void> {
  const count = (): number => sent.filter((one) => one.id !== undefined).length
  const until = count() + more
  const endMs = performance.now() + waitMsMax
  while (count() < until && performance.now() < endMs)
    await new Promise((resolve) => setTimeout(resolve, 2))
}

type ClientFor = (server: RunningServer, user: string) => Client

async function uploadUntil(
  signal: AbortSignal,
  server: RunningServer,
  clientFor: ClientFor,
  sent: Sent[],
  random: () => number,
): Promise<void> {
  while (!signal.aborted) {
    const user = users[Math.floor(random() * users.length)] ?? 'ann'
    const marker = `marker${sent.length.toString(36)}x${Math.floor(random() * 1e9).toString(36)}`
    const { filename, bytes } = makeDocument(marker, random)
    const one: Sent = { user, marker, sha256: createHash('sha256').update(bytes).digest('hex') }
    sent.push(one)
    try {
      one.id = (await clientFor(server, user).upload(filename, bytes)).id
    } catch {
      // The server was killed while it answered: this upload may be there or not.
      return
    }
  }
}

/** Notes, longer texts, and PDFs whose trailing comment makes each one new. */
function makeDocument(marker: string, random: () => number): { filename: string; bytes: Buffer } {
  const kind = random()
  if (kind < 0.25) {
    const pdf = readFileSync(new URL('reading-with-a-pencil.pdf', sample))
    return { filename: `${marker}.pdf`, bytes: Buffer.concat([pdf, Buffer.from(`\n%${marker}\n`)]) }
  }
  const paragraphs = kind < 0.8 ? 3 : 400
  const words = Array.from({ length: paragraphs }, () =>
    Array.from({ length: 60 }, () => nouns[Math.floor(random() * nouns.length)]).join(' '),
  )
  return {
    filename: `${marker}.md`,
    bytes: Buffer.from(`# About ${marker}\n\n${words.join('\n\n')}\n\nThe end of ${marker}.\n`),
  }
}

async function examine(
  dataDir: string,
  settings: Record<string, string>,
  clientFor: ClientFor,
  sent: readonly Sent[],
  kills: number,
): Promise<TortureResult> {
  const failures: Record<string, unknown>[] = []
  const server = await startServer(dataDir, settings)
  const acknowledged = sent.filter((one) => one.id !== undefined)
  let listed = 0
  for (const user of users) {
    const client = clientFor(server, user)
    const documents = await client.documents()
    listed += documents.length
    const originals = readdirSync(join(dataDir, user, 'books')).length
    if (originals !== documents.length)
      failures.push({
        what: 'originals without a document',
        user,
        originals,
        documents: documents.length,
      })
    failures.push(...(await examineUser(client, user, documents, sent)))
  }
  const exitCode = await server.stop()
  if (exitCode !== 0) failures.push({ what: 'the last stop was not clean', exitCode })
  failures.push(...leftOver(dataDir))
  const figures = {
    kills,
    uploads_sent: sent.length,
    acknowledged: acknowledged.length,
    listed,
    failures: failures.length,
  }
  return { figures, failures }
}

async function examineUser(
  client: Client,
  user: string,
  documents: readonly DocumentAnswer[],
  sent: readonly Sent[],
): Promise<Record<string, unknown>[]> {
  const failures: Record<string, unknown>[] = []
  const listed = new Map(documents.map((document) => [document.id, document]))
  const own = sent.filter((one) => one.user === user)
  const known = new Set(own.map((one) => one.sha256))
  for (const one of own)
    if (one.id && !listed.has(one.id))
      failures.push({ what: 'an acknowledged upload is gone', ...one })
  for (const document of documents) {
    if (!known.has(document.sha256))
      failures.push({ what: 'a document nobody sent', user, id: document.id })
    const settled = await client.settled(document.id)
    if (settled.status !== 'ready')
      failures.push({ what: 'a document did not become ready', user, settled })
  }
  for (const one of own) {
    const document = documents.find(({ sha256 }) => sha256 === one.sha256)
    if (!document || document.filename.endsWith('.pdf')) continue
    const hits = await client.search(one.marker)
    const found = new Set(hits.map((hit) => hit.document_id))
    if (found.size !== 1 || !found.has(document.id))
      failures.push({
        what: 'its text is not found exactly once',
        user,
        marker: one.marker,
        found: [...found],
      })
    const passages = new Set(hits.map((hit) => hit.text))
    if (passages.size !== hits.length)
      failures.push({ what: 'a passage is there twice', user, marker: one.marker })
  }
  return failures
}

/** After a clean stop every directory is at rest: no log, nothing half-received, no original without its row. */
function leftOver(dataDir: string): Record<string, unknown>[] {
  const failures: Record<string, unknown>[] = []
  for (const user of users) {
    const directory = join(dataDir, user)
    const logs = readdirSync(directory).filter((name) => /-(wal|shm|journal)$/.test(name))
    const uploads = readdirSync(join(directory, 'uploads'))
    if (logs.length > 0) failures.push({ what: 'not at rest', user, logs })
    if (uploads.length > 0) failures.push({ what: 'left in uploads', user, uploads })
  }
  return failures
}
