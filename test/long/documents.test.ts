/** Real documents through a real server: the good ones are found by page, the bad ones end with their reason. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client } from '../../bench/lib/client.ts'
import { seededRandom } from '../../bench/lib/random.ts'
import { type RunningServer, startServer } from '../../bench/lib/server.ts'
import { testData } from '../helpers.ts'

const isLong = process.env['CARREL_LONG'] === '1'
const data = testData('docs')
const hasPdftotext = spawnSync('pdftotext', ['-v']).error === undefined
const phrasesPerFile = 10
const phraseWords = 5
const foundShareMin = 0.9

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
      if (!name.endsWith('.pdf')) continue
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
    expect((await client.request('GET', '/healthz')).status).toBe(200)
  })
})

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
    const words = text.replaceAll(/["\f]/g, ' ').split(/\s+/).filter(Boolean)
    if (words.length === 0) continue
    const start = Math.floor(random() * Math.max(1, words.length - phraseWords))
    phrases.push({ phrase: words.slice(start, start + phraseWords).join(' '), page })
  }
  return phrases
}
