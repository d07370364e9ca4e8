/** What is long, large, right to left or twice, in a real Chromium. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client } from '../../bench/lib/client.ts'
import { type RunningServer, startServer } from '../../bench/lib/server.ts'
import { writePdf } from '../fixtures/pdf.ts'
import { buildWebApp, findChromium, launchChromium } from './browser.ts'
import { openWatched } from './watched.ts'

const chromium = process.env['CARREL_BROWSER'] === '1' ? findChromium() : undefined
const name = chromium
  ? 'odd documents and odd screens in Chromium'
  : 'odd documents and screens: SKIPPED; `npm run test:web` runs them where there is a Chromium'
const arabic =
  '# مقدمة في علم المكتبات\n\nالمكتبة بيت الكتب وذاكرة الناس، وفيها يجد القارئ ما يبحث عنه.\n'
const pages = 1_000

/** A book whose pages say their number, and one of them something else. */
function longBook(): Buffer {
  return writePdf({
    title: 'A Long Book',
    pages: Array.from({ length: pages }, (_, at) => ({
      texts: [
        { x: 72, y: 720, size: 12, text: `This is leaf ${at + 1} of a long book.` },
        ...(at === 776
          ? [{ x: 72, y: 600, size: 12, text: 'The zeppelin landed behind the orchard.' }]
          : []),
      ],
    })),
  })
}

describe.skipIf(chromium === undefined)(name, { timeout: 60_000 }, () => {
  let browser: Browser
  let server: RunningServer
  let directory = ''
  const ids: Record<string, string> = {}
  beforeAll(async () => {
    buildWebApp()
    browser = await launchChromium(chromium ?? '')
    directory = mkdtempSync(join(tmpdir(), 'carrel-odd-'))
    server = await startServer(directory, {})
    const client = new Client(server.url)
    for (const [file, content] of [
      ['long.pdf', longBook()],
      ['كتاب.md', new TextEncoder().encode(arabic)],
    ] as const) {
      const { id, status } = await client.settled((await client.upload(file, content)).id)
      expect(status).toBe('ready')
      ids[file] = id
    }
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    if (directory !== '') rmSync(directory, { recursive: true, force: true })
  })

  test('a book of a thousand pages opens where the words stand, and one page is drawn at a time', async () => {
    const page = await openWatched(browser, `${server.url}/search?q=zeppelin`)
    await page.locator('[data-hit]').first().click()
    await page.locator('.textLayer mark.word').first().waitFor()
    expect(page.url()).toContain('/777?')
    expect(await page.locator('.textLayer mark.word').allTextContents()).toEqual(['zeppelin'])
    await page.getByText(`of ${pages}`, { exact: true }).waitFor()
    await page.getByLabel('Page', { exact: true }).fill(String(pages))
    await page.keyboard.press('Enter')
    await page.locator('.textLayer').getByText(`This is leaf ${pages} of a long book.`).waitFor()
    expect(await page.locator('.sheet canvas').count()).toBe(1)
    expect(await page.getByRole('button', { name: 'Next page' }).isDisabled()).toBe(true)
  })

  test('two tabs at once: what one changes the other shows', async () => {
    const page = await openWatched(browser, server.url)
    const other = await page.context().newPage()
    await other.goto(server.url)
    await other.getByRole('link', { name: 'A Long Book' }).waitFor()
    await page.locator('input[data-files]').setInputFiles({
      name: 'new.md',
      mimeType: 'text/markdown',
      buffer: Buffer.from('# Fresh figs\n\nTwo.\n'),
    })
    await other.getByRole('link', { name: 'Fresh figs' }).waitFor()
    await other.getByRole('button', { name: 'Details of Fresh figs' }).click()
    await other.getByRole('button', { name: 'Delete' }).click()
    await other.getByRole('button', { name: 'Yes, delete it' }).click()
    await page.getByRole('link', { name: 'Fresh figs' }).waitFor({ state: 'detached' })
    await page.getByText('2 documents').waitFor()
  })

  test('twice as large, no screen scrolls sideways; who wants less motion gets none', async () => {
    // What a window of 1280 × 800 is at 200 %.
    const page = await openWatched(browser, 'about:blank', {
      viewport: { width: 640, height: 400 },
      deviceScaleFactor: 2,
      reducedMotion: 'reduce',
    })
    for (const [path, ready] of [
      ['/', '.document'],
      ['/search?q=leaf', '[data-hit]'],
      [`/read/${ids['long.pdf']}/3`, '.textLayer span'],
      ['/chat', '.welcome'],
      ['/account', '#keys'],
      ['/admin', 'main input'],
      ['/docs', '.operation'],
    ] as const) {
      await page.goto(server.url + path)
      await page.locator(ready).first().waitFor()
      expect([path, await page.evaluate(widthOfContent)]).toEqual([path, 640])
    }
    const moves = 'getComputedStyle(document.querySelector("main button")).transitionDuration'
    await page.goto(server.url)
    await page.locator('.document').first().waitFor()
    expect(await page.evaluate(moves)).toBe('0s')
    await page.emulateMedia({ reducedMotion: 'no-preference' })
    expect(await page.evaluate(moves)).not.toBe('0s')
  })

  test('Arabic reads from the right, in the list, in results, in the reader and while it is typed', async () => {
    const page = await openWatched(browser, server.url)
    const direction = async (selector: string) => {
      await page.locator(selector).first().waitFor()
      return page.evaluate(`getComputedStyle(document.querySelector('${selector}')).direction`)
    }
    await page.getByRole('link', { name: 'مقدمة في علم المكتبات' }).waitFor()
    expect(await direction(`h2 a[href*="${ids['كتاب.md']}"] bdi`)).toBe('rtl')
    await page.locator('#search').fill('ذاكرة الناس')
    await page.locator('[data-hit]').first().waitFor()
    expect(await direction('#search')).toBe('rtl')
    expect(await direction('.hits .snippet')).toBe('rtl')
    await page.locator('[data-hit]').first().click()
    await page.locator('.text-page mark.word').first().waitFor()
    expect(await page.locator('.text-page mark.word').allTextContents()).toContain('الناس')
    expect(await direction('.text-page p:has(mark)')).toBe('rtl')
    expect(await direction('.reader h1')).toBe('rtl')
  })
})

const widthOfContent = 'document.documentElement.scrollWidth'
