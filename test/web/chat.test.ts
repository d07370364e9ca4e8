/** The chat in a real Chromium: answers as they are written, the page beside them, and nothing that jumps. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { Client } from '../../bench/lib/client.ts'
import { type RunningServer, startServer } from '../../bench/lib/server.ts'
import { FakeModel } from '../fake-model.ts'
import { temporaryDirectory } from '../helpers.ts'
import { buildWebApp, faultsOf, findChromium, launchChromium } from './browser.ts'
import { openWatched } from './watched.ts'

const chromium = process.env['CARREL_BROWSER'] === '1' ? findChromium() : undefined
const name = chromium
  ? 'the chat in Chromium'
  : 'the chat: SKIPPED; `npm run test:web` runs it where there is a Chromium'
const bridge =
  '# The Great Bridge\n\nWork on the great bridge began in 1923. The bridge was opened by the governor on 19 March 1932. It carries eight lanes of road traffic and two railway tracks.\n'
const twice =
  '# The Lamp\n\nThe keeper lit the lamp at dusk, and nothing else was heard that night.\n\nLong after, when the storm was over: the keeper lit the lamp at dusk.\n'
const whale = '# Whales\n\nWhales are mammals and breathe air. Calves drink milk for a year.\n'
const attack = '<img src=x onerror="window.hacked=1">'

describe.skipIf(chromium === undefined)(name, { timeout: 60_000 }, () => {
  let browser: Browser
  let fake: FakeModel
  let server: RunningServer
  let directory = ''
  beforeAll(async () => {
    buildWebApp()
    fake = await FakeModel.start()
    browser = await launchChromium(chromium ?? '')
    directory = mkdtempSync(join(tmpdir(), 'carrel-chat-'))
    server = await startServer(directory, { CHAT_URL: fake.url, CHAT_MODEL: 'tiny' })
    await fill(server.url)
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    await fake?.stop()
    if (directory !== '') rmSync(directory, { recursive: true, force: true })
  })
  beforeEach(() => {
    fake.paceMs = 0
    fake.pieceLength = 5
    fake.fault = undefined
    fake.answer = 'The governor opened it on 19 March 1932 [1].'
  })

  async function fill(url: string): Promise<void> {
    const client = new Client(url)
    for (const [file, text] of [
      ['bridge.md', bridge],
      ['whale.md', whale],
      ['twice.md', twice],
    ] as const) {
      const { id } = await client.upload(file, new TextEncoder().encode(text))
      expect((await client.settled(id)).status).toBe('ready')
    }
  }

  const open = (path: string, options?: BrowserContextOptions): Promise<Page> =>
    openWatched(browser, server.url + path, options)

  const say = async (page: Page, text: string): Promise<void> => {
    await page.getByLabel('Your question').fill(text)
    await page.keyboard.press('Enter')
  }

  test('a question by keyboard, its answer streamed, the source beside it, and all of it again by its address', async () => {
    fake.answer = `“The bridge was opened by the governor on 19 March 1932” [1]. It was opened in 1935 [1]. ${attack} is what they say.`
    const page = await open('/')
    await page.getByRole('link', { name: 'Ask', exact: true }).click()
    await page.getByText('Ask your library a question.').waitFor()
    await say(page, 'Who opened the great bridge?')
    await page.getByText('Written by tiny').waitFor()
    await page.waitForURL(/\/chat\/conv_\w+$/)
    const answer = page.locator('.answer').last()
    expect(await answer.locator('.answer-text').textContent()).toContain(attack)
    expect(await answer.locator('img').count()).toBe(0)
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    await answer.locator('.chip.is-verified').first().click()
    const marked = page.locator('.beside mark')
    await marked.first().waitFor()
    expect((await marked.allTextContents()).join('')).toContain(
      'opened by the governor on 19 March',
    )
    await page.getByText('The page says', { exact: false }).first().waitFor()
    const address = page.url()
    expect(address).toMatch(/\/chat\/conv_\w+\?at=msg_\w+\.0$/)
    await page.reload()
    await marked.first().waitFor()
    expect(page.url()).toBe(address)
    await page.locator('.chip.is-not_found').first().click()
    await page.getByText('Not found on the page').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('.beside').waitFor({ state: 'detached' })
    expect(await page.locator('.unsupported').count()).toBeGreaterThan(0)
  })

  test('while an answer is written nothing moves; Escape stops it', async () => {
    fake.answer = Array.from(
      { length: 60 },
      (_, at) => `Line ${at}: the governor opened it on 19 March 1932 [1].`,
    ).join('\n\n')
    fake.paceMs = 5
    fake.pieceLength = 16
    const page = await open('/chat')
    await page.getByText('Ask your library a question.').waitFor()
    await page.evaluate(watchShifts)
    await say(page, 'Who opened the great bridge?')
    await page.getByText('Line 55:').waitFor()
    await page.getByText('Written by tiny').waitFor()
    expect(await page.evaluate(distanceToEnd)).toBeLessThan(5)
    expect(await page.evaluate('window.shifts')).toEqual([])
    fake.answer = 'word '.repeat(5_000)
    await say(page, 'And now a long one about the bridge?')
    await page.getByText('word word word').waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('Stopped. This answer is not kept').waitFor()
    await page.waitForFunction(isBack)
    // The conversation takes the next question at once.
    fake.answer = 'The governor opened it on 19 March 1932 [1].'
    await say(page, 'Who was it?')
    await page.getByText('Written by tiny').nth(1).waitFor()
    expect(await page.getByText('word word').count()).toBe(0)
  })

  test('conversations: renamed, saved, given an opinion, deleted; documents pinned and let go', async () => {
    const page = await open('/')
    await page.getByRole('link', { name: 'Whales' }).click()
    await page.getByRole('link', { name: 'Ask about this document' }).click()
    await page.getByRole('button', { name: 'Ask Whales no longer' }).waitFor()
    await say(page, 'What do calves drink?')
    await page.getByText('Written by tiny').waitFor()
    const { filter } = (await latest()) as { filter: { document_ids: string[] } }
    expect(filter.document_ids).toHaveLength(1)
    await page.getByRole('button', { name: 'Ask Whales no longer' }).click()
    await page.getByText('Choose documents').click()
    await page.getByLabel('Find a document').fill('bridge')
    await page.getByRole('checkbox').check()
    await page.keyboard.press('Escape')
    await say(page, 'Who opened it?')
    await page.getByText('Written by tiny').nth(1).waitFor()
    await page.getByRole('button', { name: 'Not a good answer' }).last().click()
    await page.getByLabel('What was wrong with it?').fill(`too short ${attack}`)
    await page.keyboard.press('Enter')
    await page.getByText('Kept.').waitFor()
    await page.getByRole('button', { name: /^Rename, save or delete: What do calves/ }).click()
    await page.getByLabel('Title', { exact: true }).fill(`Calves ${attack}`)
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('link', { name: `Calves ${attack}` }).waitFor()
    await page.getByRole('button', { name: `Rename, save or delete: Calves ${attack}` }).click()
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save as Markdown' }).click()
    expect((await saved).suggestedFilename()).toMatch(/^Calves .*\.md$/)
    await page.reload()
    expect(
      await page
        .getByRole('button', { name: 'Not a good answer' })
        .last()
        .getAttribute('aria-pressed'),
    ).toBe('true')
    await page.getByRole('button', { name: `Rename, save or delete: Calves ${attack}` }).click()
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByRole('button', { name: 'Yes, delete it' }).click()
    await page.getByText('Ask your library a question.').waitFor()
    expect(page.url()).toBe(`${server.url}/chat`)
    expect(await page.getByText('Calves').count()).toBe(0)
    expect(await page.evaluate('window.hacked')).toBeUndefined()
  })

  async function latest(): Promise<unknown> {
    const { body } = await new Client(server.url).request<{ items: unknown[] }>(
      'GET',
      '/v1/conversations',
    )
    return body.items[0]
  }

  test('of words that stand twice on a page those are marked that the citation means', async () => {
    fake.answer = '“The keeper lit the lamp at dusk” [1].'
    const { body } = await new Client(server.url).request<{ conversation_id: string }>(
      'POST',
      '/v1/chat',
      { message: 'When did the keeper light the lamp?' },
    )
    const page = await open(`/chat/${body.conversation_id}`)
    const marks = page.locator('.beside mark')
    await page.locator('.chip').first().click()
    await marks.first().waitFor()
    expect(await page.locator('.beside p:has(> mark)').allTextContents()).toEqual([
      expect.stringContaining('nothing else was heard'),
    ])
    await page.route('**/v1/conversations/conv_*', async (route) => {
      const response = await route.fetch()
      await route.fulfill({ response, body: (await response.text()).replace(placed, moved) })
    })
    await page.reload()
    await marks.first().waitFor()
    expect(await page.locator('.beside p:has(> mark)').allTextContents()).toEqual([
      expect.stringContaining('Long after'),
    ])
    expect((await marks.allTextContents()).join('')).toContain('the keeper lit the lamp at dusk')
  })

  test('a model that fails is said and can be asked again; a server without one quotes, and says so', async () => {
    fake.fault = { kind: 'error_later' }
    const page = await open('/chat')
    await say(page, 'Who opened the great bridge?')
    await page.getByText('The answer above is not whole.').waitFor()
    fake.fault = undefined
    await page.getByRole('button', { name: 'Ask again' }).click()
    await page.getByText('Written by tiny').waitFor()
    const silent = await startServer(temporaryDirectory(), {})
    onTestFinished(async () => void (await silent.stop()))
    await fill(silent.url)
    await page.goto(`${silent.url}/chat`)
    await page.getByText('This server has no language model').waitFor()
    await say(page, 'Who opened the great bridge?')
    await page.getByText('Quoted from your library, without a language model').waitFor()
    await page.locator('.chip.is-verified').first().click()
    await page.locator('.beside mark').first().waitFor()
  })

  test('the chat has no accessibility fault, light or dark, and fits a phone', async () => {
    await new Client(server.url).request('POST', '/v1/chat', { message: 'Who opened the bridge?' })
    const { id } = (await latest()) as { id: string }
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await open('/chat', { colorScheme, bypassCSP: true })
      const rules = colorScheme === 'light' ? undefined : ['color-contrast']
      await page.getByText('Ask your library a question.').waitFor()
      expect([colorScheme, await faultsOf(page, rules)]).toEqual([colorScheme, []])
      await page.goto(`${server.url}/chat/${id}`)
      await page.locator('.chip').first().click()
      await page.locator('.beside mark').first().waitFor()
      expect([colorScheme, await faultsOf(page, rules)]).toEqual([colorScheme, []])
    }
    const phone = await open(`/chat/${id}`, {
      viewport: { width: 320, height: 640 },
      isMobile: true,
      bypassCSP: true,
    })
    await phone.locator('.chip').first().waitFor()
    expect(await phone.evaluate('document.documentElement.scrollWidth')).toBe(320)
    await phone.getByText('Conversations', { exact: true }).click()
    await phone
      .getByRole('link', { name: /^Who opened/ })
      .first()
      .waitFor()
    expect(await faultsOf(phone)).toEqual([])
    await phone.getByText('Conversations', { exact: true }).click()
    await phone.locator('.chip').first().click()
    await phone.locator('.beside mark').first().waitFor()
    expect(await faultsOf(phone)).toEqual([])
    expect(await phone.evaluate('document.documentElement.scrollWidth')).toBe(320)
  })
})

const placed = /"start":(\d+),"end":(\d+)/g
/** The same words further down the page. */
function moved(_all: string, start: string, end: string): string {
  const step = twice.lastIndexOf('he keeper lit') - twice.indexOf('he keeper lit')
  return `"start":${Number(start) + step},"end":${Number(end) + step}`
}

const isBack = 'document.querySelector("#question").value.startsWith("And now a long one")'

const distanceToEnd =
  'document.querySelector(".messages").scrollHeight - document.querySelector(".messages").scrollTop - document.querySelector(".messages").clientHeight'

/** What moved of the messages and the field below them. The list of conversations may: its newest comes to the top. */
const watchShifts = `
  window.shifts = []
  new PerformanceObserver((list) => {
    for (const { sources } of list.getEntries())
      for (const { node, previousRect: from, currentRect: to } of sources)
        if (node?.parentElement?.closest('.chat-main'))
          window.shifts.push(node.nodeName + JSON.stringify([from, to]))
  }).observe({ type: 'layout-shift' })`
