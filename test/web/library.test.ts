/** The library screen in a real Chromium: many documents at once, uploads that are cut, and the whole library moved. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page, Request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Client, signToken } from '../../bench/lib/client.ts'
import { type RunningServer, startServer } from '../../bench/lib/server.ts'
import { temporaryDirectory } from '../helpers.ts'
import { buildWebApp, faultsOf, findChromium, launchChromium } from './browser.ts'
import { attack, openWatched } from './watched.ts'

const chromium = process.env['CARREL_BROWSER'] === '1' ? findChromium() : undefined
const name = chromium
  ? 'the library in Chromium'
  : 'the library screen: SKIPPED; `npm run test:web` runs it where there is a Chromium'
const secret = 'a secret of the web tests, 32 bytes or more'
const adminToken = 'an-admin-token-of-the-web-tests'
const samples = join(import.meta.dirname, '../../samples')
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A small PDF with much behind it that is no part of any page. */
function largePdf(): Buffer {
  const pdf = readFileSync(join(samples, 'reading-with-a-pencil.pdf'))
  const tail = pdf.subarray(pdf.lastIndexOf('startxref'))
  return Buffer.concat([pdf, Buffer.alloc(8.1 * 2 ** 20, '%padding\n'), Buffer.from('\n'), tail])
}

describe.skipIf(chromium === undefined)(name, { timeout: 120_000 }, () => {
  let browser: Browser
  const directory = mkdtempSync(join(tmpdir(), 'carrel-library-'))
  const large = join(directory, 'large.pdf')
  beforeAll(async () => {
    buildWebApp()
    writeFileSync(large, largePdf())
    browser = await launchChromium(chromium ?? '')
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const open = (address: string): Promise<Page> =>
    openWatched(browser, address, { bypassCSP: true })

  test('covers, a report of each page, tags for many and many deleted; hostile text stays text', async () => {
    const running = await startServer(temporaryDirectory(), {})
    onTestFinished(async () => void (await running.stop()))
    const client = new Client(running.url)
    const files: [string, Uint8Array][] = [
      ['pencil.pdf', readFileSync(join(samples, 'reading-with-a-pencil.pdf'))],
      [`a${attack.replaceAll('/', '')}.md`, bytes(`# Apples ${attack}\n\nRed.\n`)],
      ['b.md', bytes('# Pears\n\nGreen.\n')],
    ]
    for (const [file, content] of files) {
      const { id } = await client.settled((await client.upload(file, content)).id)
      if (file.startsWith('a'))
        await client.request('PATCH', `/v1/documents/${id}`, { title: `Apples ${attack}` })
    }
    const page = await open(running.url)
    await page.locator('img.cover').waitFor()
    await page.getByRole('button', { name: 'Details of Reading with a Pencil' }).click()
    await page.getByText('What was read of each page').click()
    await page.getByRole('cell', { name: 'its text' }).first().waitFor()
    expect(await faultsOf(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Select', exact: true }).click()
    await page.getByRole('checkbox', { name: `Select Apples ${attack}` }).check()
    await page.getByRole('checkbox', { name: 'Select Pears' }).check()
    await page.getByLabel('Tag to add').fill(attack)
    await page.keyboard.press('Enter')
    await page.getByText('2 documents have the tag now.').waitFor()
    expect(await faultsOf(page)).toEqual([])
    await page.getByRole('button', { name: `${attack} 2` }).click()
    await page.getByText('2 of 3 documents').waitFor()
    await page.locator('.bulk').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('Delete 2 documents').waitFor()
    await page.getByRole('button', { name: 'Yes, delete them' }).click()
    await page.getByText('2 documents are deleted.').waitFor()
    expect(await client.documents()).toHaveLength(1)
  })

  test('a large file goes on where it was after the server was killed', async () => {
    const data = temporaryDirectory()
    let running: RunningServer = await startServer(data, {})
    onTestFinished(async () => void (await running.stop()))
    const page = await open(running.url)
    await page.locator('.empty').waitFor()
    const sent: string[] = []
    page.on('request', (request: Request) => {
      const { 'upload-offset': offset = '' } = request.headers()
      if (request.url().includes('/v1/uploads')) sent.push(`${request.method()} ${offset}`.trim())
    })
    let isKilled = false
    await page.route('**/v1/uploads/*', async (route) => {
      const isSecond = route.request().headers()['upload-offset'] === String(4 * 2 ** 20)
      if (isSecond && !isKilled) {
        isKilled = true
        await running.kill()
      }
      await route.continue()
    })
    await page.locator('input[data-files]').setInputFiles(large)
    await page.getByText('The server does not answer.').waitFor()
    const before = sent.length
    running = await startServer(data, { PORT: new URL(running.url).port })
    await page.getByRole('button', { name: 'Try now' }).click()
    await page.getByText('1 of 1 file ready').waitFor()
    const after = sent.slice(before).filter((line) => !/^(GET|HEAD)/.test(line))
    expect(after[0]).toBe(`PATCH ${4 * 2 ** 20}`)
    expect(sent.filter((line) => line.startsWith('POST'))).toHaveLength(1)
  })

  test('a login that ends in the middle of an upload: signed in again, it goes on', async () => {
    const running = await startServer(temporaryDirectory(), {
      JWT_SECRET: secret,
      ADMIN_TOKEN: adminToken,
    })
    onTestFinished(async () => void (await running.stop()))
    const admin = new Client(running.url, adminToken)
    const page = await open(running.url)
    const signIn = async (jti: string): Promise<void> => {
      await page.getByLabel('Token').fill(await signToken(secret, 'ann', { jti }))
      await page.getByRole('button', { name: 'Sign in' }).click()
    }
    await signIn('first')
    await page.locator('.empty').waitFor()
    await page.route('**/v1/uploads/*', async (route) => {
      if (route.request().headers()['upload-offset'] === String(4 * 2 ** 20))
        await admin.request('POST', '/admin/v1/revocations', { token_id: 'first' })
      await route.continue()
    })
    await page.locator('input[data-files]').setInputFiles(large)
    await page.getByText('Your session has ended').waitFor()
    await signIn('second')
    await page.getByText('1 of 1 file ready').waitFor()
    // No room: said before a byte is sent.
    await admin.request('PUT', '/admin/v1/tenants/ann/allowance', { limits: { documents: 1 } })
    await page.reload()
    await page.locator('.document').waitFor()
    let posts = 0
    page.on('request', (request) => {
      if (request.method() === 'POST') posts++
    })
    await page.locator('input[data-files]').setInputFiles({
      name: 'more.md',
      mimeType: 'text/markdown',
      buffer: Buffer.from('# More\n\nText.\n'),
    })
    await page.getByText('Your library holds as many documents as it may').waitFor()
    expect(posts).toBe(0)
  })

  test('the whole library is saved, deleted and brought back', async () => {
    const running = await startServer(temporaryDirectory(), {})
    onTestFinished(async () => void (await running.stop()))
    const client = new Client(running.url)
    await client.settled((await client.upload('a.md', bytes('# Apples\n\nRed.\n'))).id)
    const page = await open(`${running.url}/account`)
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save the whole library' }).click()
    const archive = join(directory, 'library.tar')
    await (await download).saveAs(archive)
    await page.getByText('Only an empty library takes an archive').waitFor()
    await page.getByRole('button', { name: 'Delete everything…' }).click()
    const yes = page.getByRole('button', { name: 'Yes, delete everything' })
    await page.getByLabel('Your name here').fill('somebody')
    expect(await yes.isDisabled()).toBe(true)
    expect(await faultsOf(page)).toEqual([])
    await page.getByLabel('Your name here').fill('local')
    await yes.click()
    await page.locator('.empty').waitFor()
    expect(await client.documents()).toEqual([])
    await page.getByRole('link', { name: /^Account/ }).click()
    await page.getByRole('heading', { name: 'Take the library along' }).waitFor()
    await page.locator('input[data-archive]').setInputFiles(archive)
    await page.getByText('1 document with 1 passage came back.').waitFor()
    await page.getByRole('link', { name: 'Library', exact: true }).click()
    await page.getByRole('link', { name: 'Apples' }).waitFor()
  })
})
