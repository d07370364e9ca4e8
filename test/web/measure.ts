/**
 * `npm run web:figures`: script of the first screen, first paint without a cache, and, while a search is typed and while a
 * long answer is written, how long scripts run and what moves. In a real Chromium, over loopback.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { Client } from '../../bench/lib/client.ts'
import { startServer } from '../../bench/lib/server.ts'
import { FakeModel } from '../fake-model.ts'
import { buildWebApp, findChromium, launchChromium } from './browser.ts'

const paragraphs = 150
const visits = 9
const paintMsMax = 1_000
const watch = `
  window.longTasks = []
  window.shifted = 0
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.longTasks.push(Math.round(duration))
  }).observe({ type: 'longtask' })
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) window.shifted += value
  }).observe({ type: 'layout-shift' })`

interface Seen {
  readonly longTasks: readonly number[]
  readonly shifted: number
}

/** Everything since the last call. */
const seenOf = (page: Page): Promise<Seen> =>
  page.evaluate<Seen>(`(() => {
    const seen = { longTasks: window.longTasks, shifted: window.shifted }
    window.longTasks = []
    window.shifted = 0
    return seen
  })()`)

function say(what: string, { longTasks, shifted }: Seen): void {
  console.log(`${what}: long tasks over 50 ms: ${longTasks.length} ${longTasks.join(' ')}`)
  console.log(`${what}: layout shift: ${shifted}`)
  if (longTasks.length > 0 || shifted > 0) process.exitCode = 1
}

/** Each visit has a cache of its own, which is empty. */
async function measurePaint(browser: Browser, url: string): Promise<void> {
  const paints: { first: number; largest: number }[] = []
  for (let visit = 0; visit < visits; visit++) {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(url)
    await page.locator('.document').first().waitFor()
    paints.push(await page.evaluate(paintsOf))
    await context.close()
  }
  for (const name of ['first', 'largest'] as const) {
    const ms = paints.map((paint) => paint[name]).toSorted((x, y) => x - y)
    const [median = 0, worst = 0] = [ms[visits >> 1], ms.at(-1)]
    console.log(`${name} contentful paint: median ${median} ms, worst ${worst} ms of ${visits}`)
    if (median > paintMsMax) process.exitCode = 1
  }
}

const paintsOf = `new Promise((done) => new PerformanceObserver((list) => done({
  first: Math.round(performance.getEntriesByName('first-contentful-paint')[0].startTime),
  largest: Math.round(list.getEntries().at(-1).startTime),
})).observe({ type: 'largest-contentful-paint', buffered: true }))`

/** From the second letter on: with the first the library makes room for the results. */
async function measureTyping(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await page.locator('#search').fill('t')
  await page.locator('[data-hit], .nothing').first().waitFor()
  await page.evaluate(watch)
  await page.locator('#search').pressSequentially('he bridge was opened', { delay: 60 })
  await page.locator('[data-hit]').first().waitFor()
  say('while a search is typed', await seenOf(page))
}

async function measureStreaming(page: Page, url: string, characters: number): Promise<void> {
  await page.goto(`${url}/chat`)
  await page.getByText('Choose documents').waitFor()
  await page.evaluate(watch)
  const startedMs = performance.now()
  await page.getByLabel('Your question').fill('Who opened the bridge?')
  await page.keyboard.press('Enter')
  await page.getByText('Written by tiny').waitFor({ timeout: 120_000 })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  say(`while ${characters} characters are written, ${seconds} s`, await seenOf(page))
}

const path = findChromium()
if (path === undefined) throw new Error('no Chromium here: install one, or name it in CHROMIUM')
buildWebApp()
const directory = mkdtempSync(join(tmpdir(), 'carrel-streaming-'))
const model = await FakeModel.start()
model.answer = Array.from(
  { length: paragraphs },
  (_, at) => `Line ${at}: the bridge was opened by the governor on 19 March 1932 [1].`,
).join('\n\n')
model.paceMs = 4
model.pieceLength = 8
const server = await startServer(directory, { CHAT_URL: model.url, CHAT_MODEL: 'tiny' })
const browser = await launchChromium(path)
try {
  const client = new Client(server.url)
  const text = '# Bridges\n\nThe bridge was opened by the governor on 19 March 1932.\n'
  await client.settled((await client.upload('a.md', new TextEncoder().encode(text))).id)
  const size = new URL('../../web/size.mjs', import.meta.url)
  process.stdout.write(execFileSync(process.execPath, [size.pathname]))
  await measurePaint(browser, server.url)
  const page = await browser.newPage()
  await measureTyping(page, server.url)
  await measureStreaming(page, server.url, model.answer.length)
} finally {
  await browser.close()
  await Promise.all([server.stop(), model.stop()])
  rmSync(directory, { recursive: true, force: true })
}
