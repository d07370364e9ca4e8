/** `npm run demo [FILE…]`: the whole story in one run, on a temporary data directory that is removed at the end. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import { SingleBar } from 'cli-progress'
import { Client, type DocumentAnswer, type HitAnswer, signToken } from './lib/client.ts'
import { startServer } from './lib/server.ts'

const samples = fileURLToPath(new URL('../samples/', import.meta.url))
const secret = 'the demonstration signs its own tokens with this'
const question = 'How should I note where a quotation comes from?'

const files = [
  ...readdirSync(samples)
    .sort()
    .map((name) => join(samples, name)),
  ...process.argv.slice(2),
]
const dataDir = mkdtempSync(join(tmpdir(), 'carrel-demo-'))
const copyDir = mkdtempSync(join(tmpdir(), 'carrel-demo-copy-'))

try {
  await tell()
} finally {
  rmSync(dataDir, { recursive: true, force: true })
  rmSync(copyDir, { recursive: true, force: true })
}

async function tell(): Promise<void> {
  const [aliceToken, bobToken] = await Promise.all(
    ['alice', 'bob'].map((user) => signToken(secret, user)),
  )
  const server = await startServer(dataDir, { JWT_SECRET: secret, LOG_LEVEL: 'info' })
  const alice = new Client(server.url, aliceToken)
  const bob = new Client(server.url, bobToken)

  heading('1. Alice puts her papers in')
  const documents: DocumentAnswer[] = []
  for (const file of files) documents.push(await uploadWithBar(alice, file))
  const failed = documents.filter((document) => document.status === 'failed')
  for (const { filename, error } of failed)
    say(`   ${filename} could not be read: ${error?.detail}`)

  heading(`2. Alice asks: ${question}`)
  const hits = await alice.search(question, 3)
  for (const hit of hits) show(hit)
  expect(hits.length > 0, 'Alice finds an answer in her own papers')

  heading('3. Bob asks the same')
  const bobs = await bob.search(question)
  expect(bobs.length === 0, 'Bob, with a token of his own, finds nothing')
  const guessed = await bob.request<{ code: string }>('GET', `/v1/documents/${documents[0]?.id}`)
  expect(
    guessed.status === 404,
    `Bob guesses the id of Alice's document: ${guessed.status} ${guessed.body.code}`,
  )
  const none = await new Client(server.url).request<{ code: string }>('GET', '/v1/documents')
  expect(none.status === 401, `Somebody without a token: ${none.status} ${none.body.code}`)

  heading('4. The server stops; Alice is a directory')
  await server.stop()
  for (const name of readdirSync(join(dataDir, 'alice')).sort()) say(`   alice/${name}`)
  expect(
    !readdirSync(join(dataDir, 'alice')).some((name) => name.endsWith('-wal')),
    'it is at rest: no log beside the databases',
  )
  cpSync(join(dataDir, 'alice'), join(copyDir, 'alice'), { recursive: true })
  say('   cp -r alice → a new, empty data directory')

  heading('5. Another server opens the copy')
  const second = await startServer(copyDir, { JWT_SECRET: secret, LOG_LEVEL: 'info' })
  const again = await new Client(second.url, aliceToken).search(question, 3)
  await second.stop()
  expect(JSON.stringify(again) === JSON.stringify(hits), 'the same question gives the same answer')
  say('\n   Your own papers: npm run demo -- ~/some.pdf     Your own server: npm start\n')
}

async function uploadWithBar(client: Client, path: string): Promise<DocumentAnswer> {
  const name = basename(path)
  const bar = new SingleBar({
    format: `   {bar} ${name}  {state}`,
    barsize: 24,
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 60_000,
  })
  bar.start(100, 0, { state: 'uploading' })
  const { id } = await client.upload(name, readFileSync(path))
  const document = await client.settled(id, ({ status, progress }) =>
    bar.update(Math.round((status === 'ready' ? 1 : (progress?.fraction ?? 0)) * 100), {
      state: status,
    }),
  )
  const state =
    document.status === 'ready'
      ? `ready: ${document.pages} pages, ${document.passages} passages`
      : document.status
  bar.update(document.status === 'ready' ? 100 : 0, { state })
  bar.stop()
  return document
}

function show(hit: HitAnswer): void {
  const page =
    hit.page_label && hit.page_label !== String(hit.page)
      ? `page ${hit.page_label} (${hit.page})`
      : `page ${hit.page}`
  say(
    `   ${styleText('bold', hit.title)}, ${page}${hit.section.length ? `, ${hit.section.join(' › ')}` : ''}`,
  )
  say(`      ${toTerminal(hit.snippet)}`)
}

/** The snippet's HTML, for a terminal: marks in yellow, entities as characters. */
function toTerminal(snippet: string): string {
  return snippet
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/<mark>(.*?)<\/mark>/g, (_, word: string) => styleText('yellow', word))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}

function heading(text: string): void {
  say(`\n${styleText('bold', text)}`)
}

function say(text: string): void {
  console.log(text)
}

function expect(isTrue: boolean, sentence: string): void {
  if (!isTrue) throw new Error(`this should be true and is not: ${sentence}`)
  say(`   ${styleText('green', '✓')} ${sentence}`)
}
