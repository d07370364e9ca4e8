/** Reader processes: documents through them, limits, failures, and that none is left behind. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { ExtractBatch } from '../../src/ingest/contract.ts'
import { PageTally } from '../../src/ingest/page-tally.ts'
import {
  createExtractorPool,
  type ExtractorOptions,
  type ExtractorPool,
} from '../../src/threads/extractor-pool.ts'
import { readUsage } from '../../src/threads/extractor-usage.ts'
import { column, writePdf } from '../fixtures/pdf.ts'
import { temporaryDirectory } from '../helpers.ts'

const hostileEntry = new URL('../fixtures/hostile-reader.ts', import.meta.url)

function createPool(options: Partial<ExtractorOptions> = {}): ExtractorPool {
  const pool = createExtractorPool({
    sizeMax: 1,
    memoryBytesMax: 600 * 2 ** 20,
    cpuMsMax: 20_000,
    silenceMsMax: 20_000,
    charactersMax: 10_000_000,
    pagesMax: 10_000,
    idleMs: 60_000,
    ...options,
  })
  onTestFinished(() => pool.close())
  return pool
}

function createHostilePool(options: Partial<ExtractorOptions> = {}): ExtractorPool {
  return createPool({ entry: hostileEntry, ...options })
}

interface Asked {
  readonly mediaType?: string
  readonly filename?: string
  readonly signal?: AbortSignal
  readonly onBatch?: (batch: ExtractBatch) => Promise<void>
}

/** Brings a document to the pool; the descriptor is closed once the pool has settled. */
async function extract(pool: ExtractorPool, bytes: Uint8Array, asked: Asked = {}) {
  const path = join(temporaryDirectory(), 'document')
  writeFileSync(path, bytes)
  const fd = openSync(path, 'r')
  const batches: ExtractBatch[] = []
  try {
    const summary = await pool.extract({
      fd,
      mediaType: 'application/pdf',
      filename: 'document',
      onBatch: async (batch) => void batches.push(batch),
      ...asked,
    })
    return { summary, batches }
  } finally {
    closeSync(fd)
  }
}

function failure(pool: ExtractorPool, bytes: Uint8Array, asked: Asked = {}): Promise<unknown> {
  return extract(pool, bytes, asked).catch((error: unknown) => error)
}

const nothing = Buffer.from('x')
const document = writePdf({
  title: 'About Readers',
  pages: ['The first page has a sentence.', 'The second page has another one.'].map((text) => ({
    texts: column([text]),
  })),
})

test('a document goes through: pages, passages, summary', async () => {
  const read = { source: 'text', language: 'en', isSuspicious: false }
  const { summary, batches } = await extract(createPool(), document)
  expect(summary).toEqual({
    pages: 2,
    passages: 1,
    title: 'About Readers',
    language: 'en',
    outline: [],
    report: {
      ...new PageTally().report([]),
      summary: '2 pages, all with text.',
      characters: 62,
      languages: [{ language: 'en', pages: 2 }],
    },
  })
  expect(batches).toEqual([
    {
      title: 'About Readers',
      pagesDone: 2,
      pagesTotal: 2,
      pages: [
        { number: 1, label: null, text: 'The first page has a sentence.', ...read },
        { number: 2, label: null, text: 'The second page has another one.', ...read },
      ],
      passages: [
        {
          section: [],
          language: 'en',
          text: 'The first page has a sentence.\n\nThe second page has another one.',
          spans: [
            { page: 1, start: 0, end: 30, at: 0 },
            { page: 2, start: 0, end: 32, at: 32 },
          ],
        },
      ],
    },
  ])
})

test.each([
  ['no_text', 'pictures of text', writePdf({ pages: [{ hasPicture: true }, {}] })],
  [
    'password_required',
    'password is needed',
    writePdf({ pages: [{}], encryption: { password: 'sesame', cipher: 'aes' } }),
  ],
  ['damaged', 'save or export it again', Buffer.from('%PDF-1.7\nnothing')],
])('%s', async (code, words, bytes) => {
  const error = await failure(createPool(), bytes)
  expect(error).toMatchObject({
    name: 'ExtractError',
    code,
    message: expect.stringContaining(words),
  })
})

test('a type nobody can read is unsupported', async () => {
  const error = await failure(createPool(), nothing, { mediaType: 'application/x-unknown' })
  expect(error).toMatchObject({ code: 'unsupported' })
})

test('a document that multiplies in memory ends, and the next one is read', async () => {
  const pool = createPool()
  const forms = { A: '/B Do /B Do', B: '/C Do /C Do', C: '/A Do BT /F1 9 Tf (deep) Tj ET' }
  const bomb = writePdf({ pages: [{ commands: '/A Do' }], forms })
  expect(await failure(pool, bomb)).toMatchObject({ code: 'out_of_memory' })
  expect((await extract(pool, document)).summary.pages).toBe(2)
})

test('the reader waits while a batch is taken', async () => {
  const text = Buffer.from('A sentence that is repeated many times over. '.repeat(40_000))
  let isBusy = false
  let most = 0
  const { summary } = await extract(createPool(), text, {
    mediaType: 'text/plain',
    async onBatch(batch) {
      expect(isBusy).toBe(false)
      isBusy = true
      most = Math.max(most, JSON.stringify(batch).length)
      await delay(1)
      isBusy = false
    },
  })
  expect(summary.report.characters).toBeGreaterThan(1_700_000)
  expect(most).toBeLessThan(300_000)
})

test('an error in taking a batch ends the reading with that error', async () => {
  const pool = createPool()
  const error = new Error('no room')
  const onBatch = () => Promise.reject(error)
  expect(await failure(pool, document, { onBatch })).toBe(error)
  expect((await extract(pool, document)).summary.pages).toBe(2)
})

test('one process reads one document after the other', async () => {
  const pool = createPool()
  await Promise.all([extract(pool, document), extract(pool, document), extract(pool, document)])
  expect(pool.stats).toEqual({ processes: 1, busy: 0, waiting: 0 })
})

test('never more processes than allowed', async () => {
  const pool = createPool({ sizeMax: 2 })
  const most: number[] = []
  const onBatch = async () => void most.push(pool.stats.processes)
  await Promise.all(Array.from({ length: 5 }, () => extract(pool, document, { onBatch })))
  expect(Math.max(...most)).toBe(2)
})

test('an idle process ends by itself', async () => {
  const pool = createPool({ idleMs: 20 })
  await extract(pool, document)
  await expect.poll(() => pool.stats.processes).toBe(0)
  expect((await extract(pool, document)).summary.pages).toBe(2)
})

test('a process that was started ahead reads the first document, and ends when none comes', async () => {
  const pool = createPool({ idleMs: 60_000 })
  pool.warm()
  pool.warm()
  expect(pool.stats.processes).toBe(1)
  expect((await extract(pool, document)).summary.pages).toBe(2)
  expect(pool.stats.processes).toBe(1)
  const brief = createPool({ idleMs: 20 })
  brief.warm()
  await expect.poll(() => brief.stats.processes).toBe(0)
})

test.each([
  ['spin', 'out_of_time', 'cpu', { cpuMsMax: 500 }],
  ['eat', 'out_of_memory', 'memory', { memoryBytesMax: 250 * 2 ** 20 }],
  ['silence', 'out_of_time', 'silence', { silenceMsMax: 500 }],
] as const)('a process that goes on with “%s” is killed', async (filename, code, reason, limit) => {
  const reasons: string[] = []
  const pool = createHostilePool({ ...limit, onKill: (each) => reasons.push(each) })
  expect(await failure(pool, nothing, { filename })).toMatchObject({ code })
  expect(reasons).toEqual([reason])
  expect(pool.stats.processes).toBe(0)
})

test('a process whose own heap is full is out of memory', async () => {
  const pool = createHostilePool({ memoryBytesMax: 300 * 2 ** 20 })
  expect(await failure(pool, nothing, { filename: 'heap' })).toMatchObject({
    code: 'out_of_memory',
  })
})

test.each([
  'crash',
  'leave',
  'other shape',
  'no JSON',
  'long frame',
  'span outside',
  'span of no page',
  'made-up text',
  'text between spans',
  'lone surrogate',
  'page twice',
  'wrong count',
  'wrong summary',
  'read outside',
])('a process with “%s” is not believed, and replaced', async (filename) => {
  const pool = createHostilePool()
  expect(await failure(pool, nothing, { filename })).toMatchObject({ code: 'reader_crashed' })
  expect(pool.stats.processes).toBe(0)
  expect((await extract(pool, nothing, { filename: 'well' })).summary.pages).toBe(1)
})

test.each([
  ['too much text', 'too_much_text'],
  ['too many pages', 'too_many_pages'],
])('%s is stopped from outside as well', async (filename, code) => {
  const pool = createHostilePool({ charactersMax: 2_000_000, pagesMax: 50 })
  expect(await failure(pool, nothing, { filename })).toMatchObject({ code })
})

test('a process has no environment', async () => {
  const error = await failure(createHostilePool(), nothing, { filename: 'environment' })
  expect(error).toMatchObject({ message: '[]' })
})

test('a process can read, write and run nothing', async () => {
  const error = await failure(createHostilePool(), nothing, { filename: 'reach' })
  expect(error).toMatchObject({ code: 'damaged', message: '' })
})

test('an aborted document ends with the reason given', async () => {
  const pool = createHostilePool()
  const controller = new AbortController()
  const reading = failure(pool, nothing, { filename: 'silence', signal: controller.signal })
  const waiting = failure(pool, nothing, { filename: 'silence', signal: controller.signal })
  const reason = new Error('no longer wanted')
  controller.abort(reason)
  expect(await Promise.all([reading, waiting])).toEqual([reason, reason])
  expect(pool.stats).toEqual({ processes: 0, busy: 0, waiting: 0 })
})

test('closing ends everything', async () => {
  const pool = createHostilePool({ sizeMax: 2 })
  const readings = ['silence', 'spin', 'silence'].map((filename) =>
    failure(pool, nothing, { filename }),
  )
  await expect.poll(() => pool.stats.processes).toBe(2)
  await pool.close()
  expect(pool.stats.processes).toBe(0)
  for (const error of await Promise.all(readings))
    expect(error).toMatchObject({ code: 'shutting_down' })
  expect(await failure(pool, nothing)).toMatchObject({ code: 'shutting_down' })
})

test('no process outlives the server that was killed', async () => {
  const entry = new URL('../fixtures/pool-owner.ts', import.meta.url)
  const owner = spawn(process.execPath, [entry.pathname], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(owner.stdout, 'data')) as [Buffer]
  const pid = Number(line.toString())
  expect(await readUsage(pid)).toBeDefined()
  owner.kill('SIGKILL')
  // Where nobody collects orphans a dead process keeps its entry, without memory.
  await expect.poll(async () => (await readUsage(pid))?.bytes ?? 0).toBe(0)
})
