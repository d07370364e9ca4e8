/** `npm run web:streaming`: how long scripts run and what moves while a long answer is written, in a real Chromium. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '../../bench/lib/client.ts'
import { startServer } from '../../bench/lib/server.ts'
import { FakeModel } from '../fake-model.ts'
import { buildWebApp, findChromium, launchChromium } from './browser.ts'

const paragraphs = 150
const watch = `
  window.longTasks = []
  window.shifted = 0
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.longTasks.push(Math.round(duration))
  }).observe({ type: 'longtask' })
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) window.shifted += value
  }).observe({ type: 'layout-shift' })`

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
  const page = await browser.newPage()
  await page.goto(`${server.url}/chat`)
  await page.getByText('Choose documents').waitFor()
  await page.evaluate(watch)
  const startedMs = performance.now()
  await page.getByLabel('Your question').fill('Who opened the bridge?')
  await page.keyboard.press('Enter')
  await page.getByText('Written by tiny').waitFor({ timeout: 120_000 })
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  const longTasks = await page.evaluate<number[]>('window.longTasks')
  const shifted = await page.evaluate<number>('window.shifted')
  console.log(`${model.answer.length} characters in pieces of ${model.pieceLength}, ${seconds} s`)
  console.log(`long tasks over 50 ms: ${longTasks.length} ${longTasks.join(' ')}`)
  console.log(`layout shift: ${shifted}`)
  if (longTasks.length > 0 || shifted > 0) process.exitCode = 1
} finally {
  await browser.close()
  await Promise.all([server.stop(), model.stop()])
  rmSync(directory, { recursive: true, force: true })
}
