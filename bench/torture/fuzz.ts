/** Spoilt files of every format through a real server: none may harm it, and each must end with the text or with a reason. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { honestFiles } from '../../test/fixtures/hostile-files.ts'
import { mutate } from '../../test/fixtures/mutate.ts'
import { Client } from '../lib/client.ts'
import { type DocumentEnd, watchEnds } from '../lib/ends.ts'
import { seededRandom } from '../lib/random.ts'
import { childrenOf } from '../lib/readers.ts'
import { type RunningServer, startServer } from '../lib/server.ts'
import type { TortureOptions, TortureResult } from '../torture.ts'

const filesDefault = 2_000
/** Enough that readers always have a next document, few enough that each is soon read. */
const uploadsAtOnce = 8
/** A file that has not ended by then hangs: the reader's own limits are far below. */
const settings = { EXTRACT_CPU_MS_MAX: '20000', EXTRACTORS: '2' }
const endMsMax = 300_000
/** Of the shared documents, where there are any: large ones would make this a test of patience. */
const realBytesMax = 300_000
const readable = /\.(pdf|epub|docx|odt|html|rtf|md|txt|csv|jsonl)$/

interface SourceFile {
  readonly name: string
  readonly bytes: Buffer
}

type Failure = Readonly<Record<string, unknown>>

export async function fuzz({
  seed,
  files = filesDefault,
  testData,
  say,
}: TortureOptions): Promise<TortureResult> {
  const sources = [...honestFiles(), ...realFiles(testData)]
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-fuzz-'))
  const failures: Failure[] = []
  const ends = new Map<string, number>()
  const server = await startServer(dataDir, settings)
  try {
    const client = new Client(server.url)
    await using watch = await watchEnds(server.url)
    // Where no reader works every file has an end, too.
    for (const { name, bytes } of honestFiles()) {
      const end = await bring(client, watch.endOf, name, bytes)
      if (end !== 'ready') failures.push({ what: 'an honest file was not read', name, end })
    }
    let next = 0
    const work = async (): Promise<void> => {
      while (next < files && failures.length < 100) {
        const number = next++
        const { name, bytes } = spoilt(sources, seed, number)
        const end = await bring(client, watch.endOf, `${number}-${name}`, bytes).catch(
          (error: unknown) => `failure: ${error}`,
        )
        if (/^(failure|5\d\d)/.test(end)) {
          failures.push({ what: 'no end', number, name, end })
          say(`${number}, made of ${name}: ${end}`)
        }
        ends.set(end, (ends.get(end) ?? 0) + 1)
        if (number % 100 === 99) say(`${number + 1} files`)
      }
    }
    await Promise.all(Array.from({ length: uploadsAtOnce }, work))
    failures.push(...(await examine(server, client)))
  } finally {
    // Where something above threw: it may be there still.
    await server.kill()
    rmSync(dataDir, { recursive: true, force: true })
  }
  const figures = { files, sources: sources.length, ...Object.fromEntries([...ends].toSorted()) }
  return { figures, failures }
}

/** Each file has a seed of its own: one that failed can be made again alone. */
function spoilt(sources: readonly SourceFile[], seed: number, number: number): SourceFile {
  const random = seededRandom(seed * 1_000_003 + number)
  const source = sources[number % sources.length] as SourceFile
  const others = sources.map(({ bytes }) => bytes)
  return { name: source.name, bytes: mutate(source.bytes, others, random) }
}

/** @returns `ready`, the code of the failure, or the status of the refusal */
async function bring(
  client: Client,
  endOf: (id: string) => Promise<DocumentEnd>,
  name: string,
  bytes: Buffer,
): Promise<string> {
  const form = new FormData()
  form.append('file', new Blob([new Uint8Array(bytes)]), name)
  const answer = await client.request<{ documents?: DocumentEnd[] }>('POST', '/v1/documents', form)
  const [document] = answer.body.documents ?? []
  // A spoilt EPUB may have become a plain archive, in which there is nothing to read.
  if (document === undefined) return String(answer.status)
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it never ends')), endMsMax)
  })
  // The same bytes again are the document that may have ended long ago.
  const hasEnded = document.status === 'ready' || document.status === 'failed'
  const end = hasEnded ? document : await Promise.race([endOf(document.id), timeout])
  clearTimeout(timer)
  return end.error?.code ?? end.status
}

/** The server is alive and well, every document has an end, and with the server its readers are gone. */
async function examine(server: RunningServer, client: Client): Promise<Failure[]> {
  const failures: Failure[] = []
  const { status } = await client.request('GET', '/readyz')
  if (status !== 200) failures.push({ what: 'the server is not ready', status })
  for (const { id, filename, status: end, error } of await client.documents()) {
    if (end !== 'ready' && end !== 'failed') failures.push({ what: 'no end', id, filename, end })
    if (end === 'failed' && (error?.detail ?? '').length < 20)
      failures.push({ what: 'no reason', id, filename, error })
  }
  const readers = childrenOf(server.pid)
  const exitCode = await server.stop()
  if (exitCode !== 0) failures.push({ what: 'the stop was not clean', exitCode })
  const left = readers.filter((pid) => isAlive(pid))
  if (left.length > 0) failures.push({ what: 'readers are left', left })
  return failures
}

function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

function realFiles(testData: string | undefined): SourceFile[] {
  if (testData === undefined) return []
  return ['good', 'bad'].flatMap((folder) => {
    const path = join(testData, 'docs', folder)
    return readdirSync(path)
      .filter((name) => readable.test(name) && statSync(join(path, name)).size <= realBytesMax)
      .map((name) => ({ name, bytes: readFileSync(join(path, name)) }))
  })
}
