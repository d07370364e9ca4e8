/** The web app in a real Chromium, on a real server: what a person does with it, from an empty library on. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Client, signToken } from '../../bench/lib/client.ts'
import { type RunningServer, startServer } from '../../bench/lib/server.ts'
import { temporaryDirectory } from '../helpers.ts'
import { buildWebApp, fakeRow, faultsOf, findChromium, launchChromium } from './browser.ts'
import { openWatched } from './watched.ts'

const chromium = process.env['CARREL_BROWSER'] === '1' ? findChromium() : undefined
const name = chromium
  ? 'the web app in Chromium'
  : 'the web app: SKIPPED; `npm run test:web` runs it where there is a Chromium (apt-get install chromium, or CHROMIUM=path)'
const sample = (file: string) => readFileSync(join(import.meta.dirname, '../../samples', file))
const secret = 'a secret of the web tests, 32 bytes or more'
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.skipIf(chromium === undefined)(name, { timeout: 60_000 }, () => {
  let browser: Browser
  beforeAll(async () => {
    buildWebApp()
    browser = await launchChromium(chromium ?? '')
  }, 60_000)
  afterAll(() => browser?.close())

  /** A server of its own, stopped when the test ends. */
  async function server(env: Record<string, string> = {}): Promise<RunningServer> {
    const running = await startServer(temporaryDirectory(), env)
    onTestFinished(async () => {
      await running.stop()
    })
    return running
  }

  const open = (address: string, options?: BrowserContextOptions): Promise<Page> =>
    openWatched(browser, address, options)

  const add = async (client: Client, files: readonly (readonly [string, Uint8Array])[]) => {
    const ids: string[] = []
    for (const [file, content] of files) ids.push((await client.upload(file, content)).id)
    for (const id of ids) expect((await client.settled(id)).status).toBe('ready')
    return ids
  }

  test('from an empty library to an opened page with the passage highlighted', async () => {
    const { url } = await server()
    const page = await open(url, { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.getByRole('button', { name: 'Add all three' }).click()
    await page.getByText('3 of 3 files ready').waitFor()
    await page.getByText('3 documents').waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('write three words')
    await page.getByText(/passages? by words ·/).waitFor()
    const answered = page.waitForResponse(
      (response) => response.request().postData()?.includes('"mode":"hybrid"') ?? false,
    )
    await page.keyboard.press('Enter')
    await answered
    expect(new URL(page.url()).searchParams.get('mode')).toBe('hybrid')
    await page.locator('[data-hit]').first().waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.locator('.textLayer mark.word').first().waitFor()
    expect(page.url()).toMatch(/\/read\/doc_\w+\/4\?q=write\+three\+words&passage=\d+/)
    const marked = (await page.locator('.textLayer mark').allTextContents()).join('')
    expect(marked).toContain('write three words')
    expect(marked).toMatch(/^2\s*Seven Signs/)
    await page.getByRole('button', { name: 'Copy citation' }).click()
    await page.getByText('Copied').waitFor()
    const copied = await page.evaluate<string>('navigator.clipboard.readText()')
    expect(copied).toMatch(/^“.*” — Reading with a Pencil, p\. 2 \(page 4 of the file\)$/)
    // The address alone shows the same.
    await page.reload()
    await page.locator('.textLayer mark.word').first().waitFor()
    await page.goBack()
    await page.locator('[data-hit]').first().waitFor()
    expect(await page.locator('#search').inputValue()).toBe('write three words')
  })

  test('a dropped file goes in; text is read with its passage marked; pages turn by key', async () => {
    const { url } = await server()
    const page = await open(url)
    await page.locator('.empty').waitFor()
    const text = sample('keeping-a-personal-library.md').toString()
    const transfer = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([${JSON.stringify(text)}], 'مكتبتي.md'))
      return transfer
    })()`)
    await page.dispatchEvent('body', 'dragenter', { dataTransfer: transfer })
    await page.getByText('Drop files or a folder').waitFor()
    await page.dispatchEvent('body', 'drop', { dataTransfer: transfer })
    await page.getByText('1 of 1 file ready').waitFor()
    expect(await page.locator('.upload-name').textContent()).toBe('مكتبتي.md')
    await page.locator('#search').fill('quotation marks')
    await page.locator('[data-hit]').first().click()
    await page.locator('.text-page mark.word').first().waitFor()
    expect(await page.locator('.text-page mark.word').allTextContents()).toContain('quotation')
    await page.locator('.reader h1').click()
    await page.keyboard.press('ArrowRight')
    await page.waitForURL(/\/3\?/)
    await page.getByText('Contents', { exact: true }).click()
    await page.getByRole('link', { name: /^Taking notes/ }).click()
    await page.waitForURL(/\/2\?/)
  })

  test('nothing that a document says becomes markup', async () => {
    const { url } = await server()
    const attack = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
    const client = new Client(url)
    const [id = ''] = await add(client, [
      [
        `${attack.replaceAll('/', '')}.md`,
        bytes(`# ${attack}\n\nzebra ${attack} "><svg onload=hacked=1>\n`),
      ],
    ])
    await client.request('PATCH', `/v1/documents/${id}`, {
      title: `zebra ${attack}`,
      tags: ['<b>&'],
    })
    const page = await open(url)
    await page.getByRole('link', { name: `zebra ${attack}` }).waitFor()
    await page.getByRole('button', { name: `Details of zebra ${attack}` }).click()
    await page.locator('dialog dd').first().waitFor()
    await page.keyboard.press('Escape')
    await page.goto(`${url}/search?q=zebra+${encodeURIComponent(attack)}`)
    await page.locator('[data-hit]').first().click()
    await page.locator('.text-page').waitFor()
    expect(await page.locator('.text-page').textContent()).toContain('zebra')
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    expect(await page.locator('main img, main script, main b').count()).toBe(0)
  })

  test('two users by token, nothing of the other visible, the token in this tab only', async () => {
    const { url } = await server({ JWT_SECRET: secret })
    const [ann, ben] = await Promise.all([signToken(secret, 'ann'), signToken(secret, 'ben')])
    await add(new Client(url, ann), [
      ['zanzibar.md', bytes('# Zanzibar\n\nThe boat leaves at dawn.\n')],
    ])
    const page = await open(url)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Paste the token here first.').waitFor()
    await page.getByLabel('Token').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('The server did not accept this token').waitFor()
    await page.getByLabel('Token').fill(ann)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('link', { name: 'Zanzibar' }).waitFor()
    expect(await page.evaluate('JSON.stringify(localStorage) + document.cookie')).not.toContain(ann)
    const other = await open(url)
    await other.getByLabel('Token').fill(ben)
    await other.getByRole('button', { name: 'Sign in' }).click()
    await other.locator('.empty').waitFor()
    await other.locator('#search').fill('dawn')
    await other.getByText('Nothing found for “dawn”.').waitFor()
    await page.getByRole('link', { name: /^Account/ }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Token').waitFor()
    expect(await page.evaluate('sessionStorage.length')).toBe(0)
  })

  test('a server that goes away and comes back: a banner, and nothing typed is lost', async () => {
    const directory = temporaryDirectory()
    let running = await startServer(directory, {})
    onTestFinished(async () => {
      await running.stop()
    })
    await add(new Client(running.url), [['oak.md', bytes('# Trees\n\nAn old oak by the river.\n')]])
    const page = await open(running.url)
    await page.getByRole('link', { name: 'Trees' }).waitFor()
    await running.kill()
    await page.locator('#search').fill('oak')
    await page.getByText('The server does not answer.').waitFor()
    running = await startServer(directory, { PORT: new URL(running.url).port })
    await page.getByRole('button', { name: 'Try now' }).click()
    await page.locator('[data-hit]').first().waitFor()
    expect(await page.locator('#search').inputValue()).toBe('oak')
    expect(await page.getByText('The server does not answer.').count()).toBe(0)
  })

  test('rename, tag, filter, delete; a refusal says why and can be tried again', async () => {
    const { url } = await server()
    const page = await open(url)
    await page.locator('input[data-files]').setInputFiles([
      { name: 'a.md', mimeType: 'text/markdown', buffer: Buffer.from('# Apples\n\nRed ones.\n') },
      { name: 'b.md', mimeType: 'text/markdown', buffer: Buffer.from('# Pears\n\nGreen ones.\n') },
      { name: 'c.exe', mimeType: 'application/octet-stream', buffer: Buffer.from([77, 90, 0, 1]) },
      { name: 'd.md', mimeType: 'text/markdown', buffer: Buffer.alloc(0) },
    ])
    await page.getByText('2 of 4 files ready').waitFor()
    await page.getByText(/“c\.exe” is of a kind that cannot be read/).waitFor()
    await page.getByText('The file is empty').waitFor()
    await page.getByRole('button', { name: 'Remove c.exe from this list' }).click()
    await page.getByRole('button', { name: 'Details of Apples' }).click()
    await page.getByLabel('Title', { exact: true }).fill('Äpfel')
    await page.getByLabel(/^Tags/).fill('fruit, red')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('link', { name: 'Äpfel' }).waitFor()
    await page.getByRole('button', { name: 'fruit 1' }).click()
    await page.getByText('1 of 2 documents').waitFor()
    expect(page.url()).toContain('tag=fruit')
    await page.getByRole('button', { name: 'Details of Äpfel' }).click()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('button', { name: 'Yes, delete it' }).click()
    await page.getByRole('button', { name: 'Clear the filter' }).click()
    await page.getByText('1 document', { exact: true }).waitFor()
    expect(await new Client(url).documents()).toMatchObject([{ title: 'Pears' }])
  })

  test('ten thousand documents: some dozen rows are drawn, and the last is reached', async () => {
    const { url } = await server()
    const page = await open('about:blank')
    await page.route('**/v1/documents?*', (route) => {
      const from = Number(new URL(route.request().url()).searchParams.get('cursor') ?? 0)
      const items = Array.from({ length: 100 }, (_, at) => fakeRow(from + at))
      const next = from + 100 < 10_000 ? String(from + 100) : null
      return route.fulfill({ json: { items, next_cursor: next } })
    })
    await page.goto(`${url}/?sort=title`)
    await page.getByText('10,000 documents').waitFor()
    expect(await page.locator('.documents > li').count()).toBeLessThan(60)
    await page.evaluate('scrollTo(0, document.documentElement.scrollHeight)')
    await page.getByRole('link', { name: 'Document 9999' }).waitFor()
    expect(await page.locator('.documents > li').count()).toBeLessThan(60)
    expect(await page.locator('.documents > li').last().getAttribute('aria-posinset')).toBe('10000')
  })

  test('no screen has an accessibility fault, light or dark, nor scrolls sideways on a phone', async () => {
    const { url } = await server()
    const client = new Client(url)
    const [pdf = '', text = ''] = await add(client, [
      ['pencil.pdf', sample('reading-with-a-pencil.pdf')],
      ['keeping.md', sample('keeping-a-personal-library.md')],
      [
        'a-very-long-name-without-any-space-in-it-at-all-that-somebody-gave-to-a-file.txt',
        bytes('x y z'),
      ],
    ])
    await client.request('PATCH', `/v1/documents/${pdf}`, { tags: ['reading'] })
    await client.upload('broken.pdf', bytes('%PDF-1.7\nnothing'))
    const screens: [string, string][] = [
      ['/', '.document'],
      ['/search?q=note', '[data-hit]'],
      ['/search?q=', '.lead'],
      ['/search?q=qqqqq', '.nothing'],
      [`/read/${pdf}/4`, '.textLayer span'],
      [`/read/${text}/2`, '.text-page'],
      ['/account', '.meter'],
    ]
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await open('about:blank', { colorScheme, bypassCSP: true })
      const rules = colorScheme === 'light' ? undefined : ['color-contrast']
      for (const [path, ready] of screens) {
        await page.goto(url + path)
        await page.locator(ready).first().waitFor()
        expect([colorScheme, path, await faultsOf(page, rules)]).toEqual([colorScheme, path, []])
      }
      await page.goto(url)
      await page
        .getByRole('button', { name: /^Details of/ })
        .first()
        .click()
      expect(await faultsOf(page, rules)).toEqual([])
      await page.getByRole('button', { name: 'Delete' }).click()
      expect(await faultsOf(page, rules)).toEqual([])
    }
    const phone = await open('about:blank', {
      viewport: { width: 320, height: 640 },
      isMobile: true,
    })
    for (const [path, ready] of screens) {
      await phone.goto(url + path)
      await phone.locator(ready).first().waitFor()
      const width = await phone.evaluate('document.documentElement.scrollWidth')
      expect([path, width]).toEqual([path, 320])
    }
  }, 240_000)

  test('the first screen loads less than 200 KB of compressed script', () => {
    const script = join(import.meta.dirname, '../../web/size.mjs')
    const printed = execFileSync(process.execPath, [script], { encoding: 'utf8' })
    const [bytesOfScript = 0] = printed.trim().split('\n').map(Number.parseFloat).slice(-1)
    expect(bytesOfScript).toBeGreaterThan(1_000)
    expect(bytesOfScript).toBeLessThan(200_000)
  })
})
