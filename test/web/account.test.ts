/** The account in a real Chromium, keys above all; and hostile text typed into every field there is. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Client, signToken } from '../../bench/lib/client.ts'
import { startServer } from '../../bench/lib/server.ts'
import { FakeModel } from '../fake-model.ts'
import { temporaryDirectory } from '../helpers.ts'
import { buildWebApp, faultsOf, findChromium, launchChromium } from './browser.ts'
import { attack, openWatched } from './watched.ts'

const chromium = process.env['CARREL_BROWSER'] === '1' ? findChromium() : undefined
const name = chromium
  ? 'the account in Chromium'
  : 'the account: SKIPPED; `npm run test:web` runs it where there is a Chromium'
const secret = 'a secret of the web tests, 32 bytes or more'
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.skipIf(chromium === undefined)(name, { timeout: 60_000 }, () => {
  let browser: Browser
  beforeAll(async () => {
    buildWebApp()
    browser = await launchChromium(chromium ?? '')
  }, 60_000)
  afterAll(() => browser?.close())

  /** The account of somebody who is signed in. */
  async function accountOf(url: string, token: string, options: BrowserContextOptions = {}) {
    const page = await openWatched(browser, `${url}/account`, { bypassCSP: true, ...options })
    await page.getByLabel('Token').fill(token)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.locator('.meter').first().waitFor()
    return page
  }

  test('a key is made, used by fetch within what it may, and taken away', async () => {
    const { url, stop } = await startServer(temporaryDirectory(), { JWT_SECRET: secret })
    onTestFinished(async () => void (await stop()))
    const page = await accountOf(url, await signToken(secret, 'ann'), {
      permissions: ['clipboard-read', 'clipboard-write'],
    })
    await page.getByText('There is none yet.').waitFor()
    await page.getByRole('button', { name: 'Make a key' }).click()
    await page.getByText('Say first what it is for').waitFor()
    await page.getByLabel('What it is for').fill(attack)
    await page.getByRole('button', { name: 'Make a key' }).click()
    const key = await page.getByLabel('The new key').inputValue()
    await page.getByRole('button', { name: 'Copy', exact: true }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(key)
    expect(await faultsOf(page)).toEqual([])
    const other = await openWatched(browser, `${url}/docs`)
    const uses = async (path: string, method = 'GET') =>
      other.evaluate<[number, string]>(
        `fetch(${JSON.stringify(path)}, { method: '${method}', headers: { Authorization: 'Bearer ${key}' } })
          .then(async (response) => [response.status, await response.text()])`,
      )
    const [status, me] = await uses('/v1/me')
    expect([status, JSON.parse(me)]).toMatchObject([200, { user_id: 'ann', scopes: ['read'] }])
    expect((await uses('/v1/conversations/none', 'DELETE'))[0]).toBe(403)
    await page.reload()
    await page.getByRole('button', { name: `Take away: ${attack}` }).waitFor()
    expect(await page.content()).not.toContain(key)
    await page.getByRole('button', { name: `Take away: ${attack}` }).click()
    await page.getByText('There is none yet.').waitFor()
    expect((await uses('/v1/me'))[0]).toBe(401)
  })

  test('a chat key of one’s own: used, never shown again, taken away; not offered to a tier without', async () => {
    const fake = await FakeModel.start()
    const env = { JWT_SECRET: secret, CHAT_URL: fake.url, CHAT_MODEL: 'tiny' }
    const { url, stop } = await startServer(temporaryDirectory(), env)
    onTestFinished(async () => void (await Promise.all([stop(), fake.stop()])))
    const token = await signToken(secret, 'ann', { tier: 'premium' })
    const client = new Client(url, token)
    await client.settled((await client.upload('a.md', bytes('# Apples\n\nThey are red.\n'))).id)
    const page = await accountOf(url, token)
    const card = page.getByRole('region', { name: 'Your own chat key' })
    await card.getByRole('button', { name: 'Use this key' }).click()
    await card.getByText('Paste the key here first.').waitFor()
    await card.getByLabel('Key', { exact: true }).fill('sk-of-ann-alone-7890')
    await card.getByLabel(/^Model/).fill(attack)
    await card.getByRole('button', { name: 'Use this key' }).click()
    await card.getByText(`A key that ends in 7890 is used, with the model ${attack}.`).waitFor()
    await card.getByText('It counts from the next question on.').waitFor()
    expect(await card.getByLabel('Key', { exact: true }).inputValue()).toBe('')
    expect(await faultsOf(page)).toEqual([])
    await page.getByRole('link', { name: 'Ask', exact: true }).click()
    await page.getByLabel('Your question').fill('Which colour are apples?')
    await page.keyboard.press('Enter')
    await page.getByText(`Written by ${attack}`).waitFor()
    expect(fake.asked.at(-1)).toMatchObject({
      authorization: 'Bearer sk-of-ann-alone-7890',
      body: { model: attack },
    })
    await page.getByRole('link', { name: /^Account/ }).click()
    await card.getByRole('button', { name: 'Take the key away' }).click()
    await card.getByText('The key was taken away.').waitFor()
    const free = await accountOf(url, await signToken(secret, 'ben'))
    await free.getByRole('heading', { name: 'API keys' }).waitFor()
    expect(await free.getByText('Your own chat key').count()).toBe(0)
  })

  test('hostile text typed into any field of any screen stays text', async () => {
    const { url, stop } = await startServer(temporaryDirectory(), {})
    onTestFinished(async () => void (await stop()))
    const client = new Client(url)
    const { id } = await client.settled(
      (await client.upload('a.md', bytes('# Apples\n\nRed.\n'))).id,
    )
    const page = await openWatched(browser, url)
    const press = (name: string | RegExp) => async (): Promise<void> =>
      page.getByRole('button', { name }).first().click()
    const screens: [string, string, (() => Promise<void>)?][] = [
      ['/', '.document'],
      ['/', '.document', press(/^Details of/)],
      ['/', '.document', press('Select')],
      ['/search?q=red', '[data-hit]'],
      ['/chat', '.welcome', async () => page.getByText('Choose documents').click()],
      [`/read/${id}/1`, '.text-page'],
      ['/account', 'main:has(#keys):has(#chat-key)'],
      ['/account', 'main:has(#keys):has(#chat-key)', press('Delete everything…')],
      ['/admin', 'main input'],
      ['/admin/local', '#keys', press('Delete')],
      ['/docs', '.operation'],
    ]
    const filled = new Set<string>()
    const fields = page.locator(textFields).filter({ visible: true })
    for (const [path, ready, prepare] of screens) {
      await page.goto(url + path)
      await page.locator(ready).first().waitFor()
      await prepare?.()
      const found = await fields.all()
      for (const field of found) {
        filled.add(await field.evaluate(nameOf))
        await field.fill(attack)
      }
      await found.at(-1)?.press('Enter')
      await drawn(page)
    }
    await page.goto(url)
    await page.locator('#search').fill(attack)
    await page.keyboard.press('Enter')
    await page.getByText(/by words and meaning ·/).waitFor()
    expect([...filled].toSorted()).toEqual([
      'Filter by title, filename or tag',
      'Find a document',
      'Find a user, a directory or a state',
      'Find an address or what it does',
      'Key',
      'Model, if another than the server’s',
      'Name of the user',
      'Page',
      'Tag to add',
      'Tags, with commas between',
      'Title',
      'What it is for',
      'Your name here',
      'Your question',
    ])
    // What was saved is shown everywhere as it was written.
    await page.goto(url)
    await page.getByRole('link', { name: attack }).waitFor()
  })
})

const textFields =
  'textarea, input:not(#search, [type=checkbox], [type=radio], [type=file], [readonly])'
const nameOf = (field: unknown): string => {
  const { ariaLabel, labels } = field as {
    ariaLabel: string | null
    labels: ArrayLike<{ textContent: string }>
  }
  return ariaLabel ?? labels[0]?.textContent.trim() ?? ''
}

/** What Enter began is answered or shown by then, or is a page that is loaded anew. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
  )
}
