/** Text recognition: pages without text are drawn, read by a program with limits, and kept so that a crash costs one page. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Client } from '../../bench/lib/client.ts'
import { startServer } from '../../bench/lib/server.ts'
import { openOcr } from '../../src/threads/ocr-program.ts'
import { column, writePdf } from '../fixtures/pdf.ts'
import { temporaryDirectory } from '../helpers.ts'

const path = process.env['PATH'] ?? ''
const hasTesseract = spawnSync('tesseract', ['--version']).error === undefined

async function open(environment: Record<string, string>, OCR_LANGUAGES = 'eng') {
  const ocr = await openOcr({ OCR: 'tesseract', OCR_LANGUAGES }, environment)
  if (!ocr) throw new Error('it is off')
  return ocr
}

/** A stand-in for tesseract: logs each page, then does as told. @returns its folder and the log */
function fakeTesseract(deed: string): { folder: string; log: string } {
  const folder = temporaryDirectory()
  const log = join(folder, 'log')
  const script = join(folder, 'tesseract')
  const languages = 'if [ "$1" = --list-langs ]; then printf "List (2):\\neng\\ndeu\\n"; exit 0; fi'
  const logIt = `head -c 8 | od -An -tx1 >> '${log}'; cat > /dev/null; n=$(wc -l < '${log}')`
  writeFileSync(script, `#!/bin/sh\n${languages}\n${logIt}\n${deed}\n`)
  chmodSync(script, 0o755)
  return { folder, log }
}

function environment(folder: string): Record<string, string> {
  return { PATH: `${folder}:${path}` }
}

const signal = new AbortController().signal

test('a program that is missing, and a language it does not have, stop the start with a word', async () => {
  const nowhere = { PATH: temporaryDirectory() }
  await expect(open(nowhere)).rejects.toThrow(
    /^OCR: the program tesseract is not on the PATH\. Install it/,
  )
  const { folder } = fakeTesseract('echo text')
  const asked = open(environment(folder), 'eng+tlh')
  await expect(asked).rejects.toThrow(
    /^OCR_LANGUAGES: tesseract has no model for tlh; it has eng, deu/,
  )
})

test('it is given a picture, and gives text', async () => {
  const { folder, log } = fakeTesseract('printf "read\\n"')
  const ocr = await open(environment(folder))
  expect(await ocr.recognise(Buffer.from('89504e470d0a1a0a00', 'hex'), signal)).toBe('read\n')
  expect(readFileSync(log, 'utf8').trim()).toBe('89 50 4e 47 0d 0a 1a 0a')
})

test.each([
  ['fails', 'exit 1'],
  ['is killed', 'kill -9 $$'],
  ['writes without end', 'yes'],
])('a program that %s leaves the page without text', async (_, deed) => {
  const { folder } = fakeTesseract(deed)
  const ocr = await open(environment(folder))
  expect(await ocr.recognise(Buffer.alloc(100), signal)).toBeNull()
})

test('it sees nothing of our environment, and is ended when nobody waits any more', async () => {
  const { folder } = fakeTesseract('env')
  const ocr = await open(environment(folder))
  const seen = (await ocr.recognise(Buffer.alloc(1), signal)) ?? ''
  const names = seen.split('\n').map((line) => line.split('=')[0])
  expect(
    names.filter((name) => !/^(PATH|OMP_THREAD_LIMIT|PWD|OLDPWD|SHLVL|_|)$/.test(name ?? '')),
  ).toEqual([])
  const slow = await open(environment(fakeTesseract('exec sleep 600').folder))
  const leaving = new AbortController()
  const reading = slow.recognise(Buffer.alloc(1), leaving.signal)
  leaving.abort(new Error('nobody waits'))
  await expect(reading).rejects.toThrow('nobody waits')
})

/** Pages of a scan, each with other marks; an empty sheet and one with text among them. */
const scan = writePdf({
  pages: [
    { hasPicture: true },
    { texts: column(['The page between has text of its own.']) },
    {},
    { commands: '0 g 100 100 200 50 re f' },
    { commands: '0 g 100 300 90 90 re f' },
  ],
})

async function server(dataDir: string, folder: string) {
  const started = await startServer(dataDir, { OCR: 'tesseract', ...environment(folder) })
  onTestFinished(async () => void (await started.kill()))
  return { started, client: new Client(started.url) }
}

test('only pages without text are recognised, blank ones are not looked at, and the report says which', async () => {
  const { folder, log } = fakeTesseract('printf "Recognised zebra number $n\\n"')
  const { client } = await server(temporaryDirectory(), folder)
  const document = await client.settled((await client.upload('scan.pdf', scan)).id)
  expect(document.status).toBe('ready')
  const { body } = await client.request<{
    report: { summary: string; ocr_pages: number; empty_page_numbers: number[] }
    items: { source: string }[]
  }>('GET', `/v1/documents/${document.id}/report`)
  expect(body.report).toMatchObject({ ocr_pages: 2, empty_page_numbers: [1, 3] })
  expect(body.report.summary).toBe(
    '2 of 5 pages have no text. The text of 2 was recognised from their pictures (OCR).',
  )
  expect(body.items.map(({ source }) => source)).toEqual(['empty', 'text', 'empty', 'ocr', 'ocr'])
  const [hit] = await client.search('"zebra number 2"')
  expect(hit).toMatchObject({ document_id: document.id, page: 5 })
  expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(2)
})

test('after a crash the pages that were recognised are not recognised again', async () => {
  // The second page hangs until a file is there: that is when the server is killed.
  const flag = join(temporaryDirectory(), 'go')
  const { folder, log } = fakeTesseract(
    `if [ "$n" -eq 2 ] && [ ! -e '${flag}' ]; then exec sleep 30; fi; printf "Recognised zebra $n\\n"`,
  )
  const dataDir = temporaryDirectory()
  const first = await server(dataDir, folder)
  const { id } = await first.client.upload('scan.pdf', scan)
  await expect
    .poll(() => existsSync(log) && readFileSync(log, 'utf8').trim().split('\n').length, {
      timeout: 20_000,
    })
    .toBe(2)
  await first.started.kill()
  writeFileSync(flag, '')
  const second = await server(dataDir, folder)
  expect((await second.client.settled(id)).status).toBe('ready')
  const calls = readFileSync(log, 'utf8').trim().split('\n')
  expect(calls).toHaveLength(3)
  expect(await second.client.search('zebra')).toHaveLength(1)
})

test('a server that cannot recognise does not start', async () => {
  const starting = startServer(temporaryDirectory(), {
    OCR: 'tesseract',
    OCR_LANGUAGES: 'tlh',
    ...environment(fakeTesseract('exit 0').folder),
  })
  await expect(starting).rejects.toThrow(/OCR_LANGUAGES: tesseract has no model for tlh/)
})

test.skipIf(!hasTesseract)(
  `the real program reads a drawn page${hasTesseract ? '' : ' (skipped: tesseract is not installed)'}`,
  { timeout: 120_000 },
  async () => {
    const { PdfiumHost } = await import('../../src/ingest/pdf/host.ts')
    const { PdfDocument } = await import('../../src/ingest/pdf/document.ts')
    const { encodePng } = await import('../../src/ingest/picture/png.ts')
    const { sourceOf } = await import('../fixtures/source.ts')
    const words = 'The harbour was empty that morning'
    const bytes = writePdf({ pages: [{ texts: column([words], { size: 18 }) }] })
    const { pdfium } = await new PdfiumHost().load()
    const page = new PdfDocument(pdfium, sourceOf(bytes))
    const size = { widthMax: 3_600, heightMax: 3_600, isGrey: true, scaleMax: 300 / 72 }
    const picture = page.draw(0, size)
    if (!picture) throw new Error('nothing was drawn')
    const ocr = await open({ PATH: path })
    expect(await ocr.recognise(encodePng(picture), signal)).toContain(words)
  },
)
