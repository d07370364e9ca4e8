/** Real documents through a real server: the good ones are found by page, the bad ones end with their reason. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client } from '../../bench/lib/client.ts'
import { canMeasureProcesses, childrenOf, memoryOf } from '../../bench/lib/process-memory.ts'
import { seededRandom } from '../../bench/lib/random.ts'
import { type RunningServer, startServer } from '../../bench/lib/server.ts'
import { testData } from '../helpers.ts'

const isLong = process.env['CARREL_LONG'] === '1'
const data = testData('docs')
const hasPdftotext = spawnSync('pdftotext', ['-v']).error === undefined
const phrasesPerFile = 10
const phraseWords = 5
const foundShareMin = 0.9
/** What a heap grows and shrinks by from one moment to the next. */
const memorySlackBytes = 64 * 2 ** 20
/** Whose text pdftotext itself gets wrong, so that its phrases are nowhere in the document. */
const noMeasure: Readonly<Record<string, string>> = {
  'zh-contents.pdf': 'it ignores the encoding and prints Latin letters for Chinese',
  'ja-gazette-kampo.pdf': 'it reads vertical columns row by row',
  'french-diacritics.pdf': 'it joins letters that stand a third of an em apart, which are words',
}

const why = !isLong
  ? 'skipped: part of `npm run test:long`'
  : data === undefined
    ? 'skipped: no test data (CARREL_TEST_DATA)'
    : !hasPdftotext
      ? 'skipped: pdftotext (poppler-utils) is not installed'
      : ''

describe.skipIf(why !== '')(`real documents ${why}`, () => {
  let server: RunningServer
  let client: Client
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-documents-'))
  const files = (folder: string, pattern: RegExp): string[] => {
    const path = join(data ?? '', folder)
    return existsSync(path) ? readdirSync(path).filter((name) => pattern.test(name)) : []
  }

  beforeAll(async () => {
    server = await startServer(dataDir, {})
    client = new Client(server.url)
  })
  afterAll(async () => {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  test('every good PDF, Markdown and text file is ready, and its phrases are found on their pages', {
    timeout: 600_000,
  }, async () => {
    const random = seededRandom(7)
    let [asked, found] = [0, 0]
    const missed: string[] = []
    for (const name of files('good', /\.(pdf|md|txt)$/)) {
      const path = join(data ?? '', 'good', name)
      const document = await client.settled((await client.upload(name, readFileSync(path))).id)
      expect(document.status, `${name}: ${JSON.stringify(document.error)}`).toBe('ready')
      if (!name.endsWith('.pdf') || noMeasure[name]) continue
      for (const { phrase, page } of samplePhrases(path, document.pages ?? 1, random)) {
        asked++
        const hits = await client.search(`"${phrase}"`, 50)
        if (hits.some((hit) => hit.document_id === document.id && hit.page === page)) found++
        else
          missed.push(
            `${name} p${page}: ${phrase} (${hits.filter((hit) => hit.document_id === document.id).map((hit) => hit.page)})`,
          )
      }
    }
    process.stderr.write(`${found} of ${asked} phrases found on their page\n${missed.join('\n')}\n`)
    expect(found / asked).toBeGreaterThanOrEqual(foundShareMin)
  })

  test('every bad PDF ends with a reason, or with the text that could be saved', {
    timeout: 600_000,
  }, async () => {
    const rows: string[] = []
    const before = measure(server.pid)
    for (const name of files('bad', /\.pdf$/)) {
      const bytes = readFileSync(join(data ?? '', 'bad', name))
      const form = new FormData()
      form.append('file', new Blob([new Uint8Array(bytes)]), name)
      const { status, body } = await client.request<{
        documents: { id: string }[]
        detail: string
      }>('POST', '/v1/documents', form)
      if (status !== 202) {
        expect(status, name).toBe(415)
        rows.push(`${name}: ${status} ${body.detail}`)
        continue
      }
      const document = await client.settled(body.documents[0]?.id ?? '')
      rows.push(
        `${name}: ${document.status} ${document.error?.code ?? `${document.passages} passages`} ${document.error?.detail ?? ''}`,
      )
      if (name.startsWith('encrypted')) expect(document.error?.code, name).toBe('password_required')
      if (/^(scan-form|empty-page)/.test(name)) expect(document.error?.code, name).toBe('no_text')
      if (document.status === 'ready') expect(document.passages, name).toBeGreaterThan(0)
      else expect(document.error?.detail.length, name).toBeGreaterThan(20)
    }
    process.stderr.write(`${rows.join('\n')}\n`)
    const after = measure(server.pid)
    expect(after.children).toBeLessThanOrEqual(before.children)
    expect(after.residentBytes).toBeLessThan(before.residentBytes + memorySlackBytes)
    expect((await client.request('GET', '/healthz')).status).toBe(200)
  })
})

/** Where the system does not tell it nothing is measured, and nothing differs. */
function measure(pid: number): { children: number; residentBytes: number } {
  if (!canMeasureProcesses) return { children: 0, residentBytes: 0 }
  return { children: childrenOf(pid).length, residentBytes: memoryOf(pid).residentBytes }
}

function samplePhrases(
  path: string,
  pages: number,
  random: () => number,
): { phrase: string; page: number }[] {
  const phrases: { phrase: string; page: number }[] = []
  for (let tries = 0; phrases.length < phrasesPerFile && tries < 60; tries++) {
    const page = 1 + Math.floor(random() * pages)
    const text = execFileSync('pdftotext', ['-f', String(page), '-l', String(page), path, '-'], {
      encoding: 'utf8',
    })
    // Within a line: from one line to the next there are as many reading orders as programs.
    const lines = text
      .split(/[\n\f]/)
      .map((line) => line.replaceAll('"', ' ').split(/\s+/).filter(Boolean))
    const line = lines[Math.floor(random() * lines.length)] ?? []
    const start = Math.floor(random() * Math.max(1, line.length - phraseWords))
    const phrase = line.slice(start, start + phraseWords)
    // Rows of figures and leaders stand on many pages, and glyphs without a meaning on none.
    if (phrase.filter((word) => /\p{L}{2}/u.test(word)).length < Math.min(3, line.length)) continue
    if (phrase.length === 0 || /\p{Co}/u.test(phrase.join(''))) continue
    phrases.push({ phrase: phrase.join(' '), page })
  }
  return phrases
}
