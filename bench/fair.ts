/** One user brings a hundred documents, another one: how much later is the other's ready than alone. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { longBook } from '../test/fixtures/long-book.ts'
import { Client, signToken } from './lib/client.ts'
import { seededRandom } from './lib/random.ts'
import { type BenchContext, type BenchResult, type BenchRow, rounded } from './lib/report.ts'
import { startServer } from './lib/server.ts'
import { median } from './lib/statistics.ts'

const rounds = 3
const documents = 100
/** In one request: more than thirty-two are refused. */
const filesPerUpload = 25
const lookMs = 2
const secret = 'the benchmark signs its own tokens with this'
/** What the other user brings. */
const others = {
  note: (seed: number) => ({ name: `note-${seed}.md`, bytes: prose(seed, 400) }),
  paper: (seed: number) => ({ name: `paper-${seed}.pdf`, bytes: longBook(12, seed) }),
  book: (seed: number) => ({ name: `book-${seed}.pdf`, bytes: longBook(352, seed) }),
}

interface File {
  readonly name: string
  readonly bytes: Buffer
}

/** @returns ratios `note`, `paper`, `book`: medians of time in company over time alone, from upload to ready */
export async function fairBench({ say }: BenchContext): Promise<BenchResult> {
  const rows: BenchRow[] = []
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-fair-'))
  const server = await startServer(dataDir, { JWT_SECRET: secret })
  try {
    const ben = new Client(server.url, await signToken(secret, 'ben'))
    let seed = 1
    for (let round = 0; round < rounds; round++)
      for (const [kind, make] of Object.entries(others)) {
        await warmUp(server.url, seed)
        const alone = await timeOne(ben, make(seed++))
        const ann = new Client(server.url, await signToken(secret, `ann${seed}`))
        await bring(ann, crowd(seed * 1_000))
        const company = await timeOne(ben, make(seed++))
        const all = await ann.documents()
        const waiting = all.filter(({ status }) => status === 'queued').length
        for (const { id } of all) await ann.request('DELETE', `/v1/documents/${id}`)
        const ratio = rounded(company / alone)
        rows.push({
          kind,
          alone_ms: Math.round(alone),
          company_ms: Math.round(company),
          ratio,
          waiting,
        })
        say(`${kind}: ${Math.round(alone)} ms alone, ${Math.round(company)} ms in company`)
      }
  } finally {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  const ratios = Object.keys(others).map((kind) => [
    kind,
    median(rows.filter((row) => row['kind'] === kind).map((row) => Number(row['ratio']))),
  ])
  return { rows, ratios: Object.fromEntries(ratios) }
}

/** What is deleted while it is read takes its reader with it: starting new ones is not what is measured. */
async function warmUp(url: string, seed: number): Promise<void> {
  const users = ['warm-one', 'warm-two', 'warm-three']
  const clients = users.map(async (user) => new Client(url, await signToken(secret, user)))
  const papers = (await Promise.all(clients)).map((client, at) =>
    timeOne(client, others.paper(seed * 1_000_000 + at)),
  )
  await Promise.all(papers)
}

/** A long book, papers, texts and notes, the long ones first. */
function crowd(seed: number): File[] {
  return Array.from({ length: documents }, (_, at) => {
    if (at === 0) return { name: 'long.pdf', bytes: longBook(352, seed) }
    if (at < 15) return { name: `paper-${at}.pdf`, bytes: longBook(20, seed + at) }
    if (at < 40) return { name: `text-${at}.txt`, bytes: prose(seed + at, 20_000) }
    return { name: `note-${at}.md`, bytes: prose(seed + at, 800) }
  })
}

function prose(seed: number, words: number): Buffer {
  const random = seededRandom(seed)
  const word = (): string => Math.floor(random() ** 3 * 1e6).toString(36)
  return Buffer.from(`# Text ${seed}\n\n${Array.from({ length: words }, word).join(' ')}\n`)
}

async function bring(client: Client, files: readonly File[]): Promise<void> {
  for (let at = 0; at < files.length; at += filesPerUpload) {
    const form = new FormData()
    for (const { name, bytes } of files.slice(at, at + filesPerUpload))
      form.append('file', new Blob([new Uint8Array(bytes)]), name)
    const { status } = await client.request('POST', '/v1/documents', form)
    if (status !== 202) throw new Error(`the crowd was refused with ${status}`)
  }
}

async function timeOne(client: Client, { name, bytes }: File): Promise<number> {
  const startMs = performance.now()
  const { id } = await client.upload(name, bytes)
  for (;;) {
    const { status, error } = await client.document(id)
    if (status === 'ready') return performance.now() - startMs
    if (status === 'failed') throw new Error(`${name}: ${error?.detail}`)
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
}
