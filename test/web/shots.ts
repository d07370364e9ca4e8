/** `npm run shots`: a picture of each screen, light, dark and on a phone, in web/shots. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { Client, signToken } from '../../bench/lib/client.ts'
import { startServer } from '../../bench/lib/server.ts'
import { FakeModel } from '../fake-model.ts'
import { writePdf } from '../fixtures/pdf.ts'
import { buildWebApp, findChromium, launchChromium } from './browser.ts'

const shots = join(import.meta.dirname, '../../web/shots')
const samples = join(import.meta.dirname, '../../samples')
const looks = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1200, height: 800 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1200, height: 800 } },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 }, isMobile: true },
] as const
const notes = [
  [
    'Letters from Lisbon.md',
    '# Letters from Lisbon\n\nThe tram climbs, and the river stays below.\n',
  ],
  ['مقدمة في علم المكتبات.md', '# مقدمة في علم المكتبات\n\nالمكتبة بيت الكتب وذاكرة الناس.\n'],
  [
    'Garden diary 2025.txt',
    'Garden diary\n\nPruned the pear tree. The first frost came early this year.\n',
  ],
] as const

const booklets = [
  ['A Field Guide to Clouds', 'High, middle, low', 'Second edition'],
  ['Tide Tables of the Bay', 'With the hours of sun and moon'],
  ['The Orchard in Winter', 'Notes on pruning'],
] as const

/** One page that has a title on it, as the first of a book has. */
function booklet(title: string, lines: readonly string[]): Buffer {
  const texts = lines.map((text, at) => ({ x: 110, y: 500 - 36 * at, size: 26, text }))
  return writePdf({
    title,
    pages: [{ texts: [{ x: 110, y: 600, size: 40, text: title, isBold: true }, ...texts] }],
  })
}

const areCoversDrawn =
  "[...document.querySelectorAll('img.cover')].every((image) => image.complete)"

async function openFirstHit(page: Page, url: string, query: string): Promise<void> {
  await page.goto(`${url}/search?q=${encodeURIComponent(query)}&mode=hybrid`)
  await page.locator('[data-hit]').first().click()
  await page.locator('mark.passage, mark.word').first().waitFor()
}

/** The sentences and the words of the page that each of them cites. */
const said = [
  [
    'Hold a pencil while you read: it slows you down, and “slow reading is most of the art”',
    'slow reading',
  ],
  [
    'A line in the margin marks the argument; keep to a few signs, since “More signs than seven nobody remembers”',
    'A line in the margin means',
  ],
  ['Whoever draws the house was born in 1874', 'A line in the margin means'],
] as const

/** Asked twice: the first time to learn how the passages are numbered. */
async function answeredQuestion(client: Client, model: FakeModel) {
  const ask = async () => {
    const message = 'Why hold a pencil while I read slowly, and which signs belong in the margin?'
    const { body } = await client.request<{
      conversation_id: string
      passages: { n: number; text: string }[]
    }>('POST', '/v1/chat', { message })
    return body
  }
  const first = await ask()
  const numberOf = (words: string): number => {
    const found = first.passages.find(({ text }) => text.replaceAll(/\s+/g, ' ').includes(words))
    if (!found) throw new Error(`no passage of the answer says “${words}”`)
    return found.n
  }
  const sentences = said.map(([sentence, words]) => `${sentence} [${numberOf(words)}].`)
  model.answer = `${sentences.slice(0, 2).join(' ')}\n\n${sentences.slice(2).join(' ')}`
  await client.request('DELETE', `/v1/conversations/${first.conversation_id}`)
  return ask()
}

async function shoot(page: Page, url: string, name: string, conversation: string): Promise<void> {
  const shot = async (screen: string): Promise<void> => {
    await page.screenshot({ path: join(shots, `${screen}-${name}.png`) })
  }
  await page.goto(url)
  await page.locator('img.cover').first().waitFor()
  await page.waitForFunction(areCoversDrawn)
  await shot('library')
  await page.getByRole('button', { name: /^Details of Keeping/ }).click()
  await shot('details')
  await page.goto(`${url}/search?q=how+should+I+note+where+a+quotation+comes+from&mode=hybrid`)
  await page.locator('.why summary').first().click()
  await page.locator('.why li').first().waitFor()
  await shot('search')
  await page.goto(`${url}/search?q=lighthose`)
  await page.locator('[data-hit]').first().waitFor()
  await shot('corrected')
  await openFirstHit(page, url, 'write in the margin')
  await shot('reader-pdf')
  await openFirstHit(page, url, 'quotation marks')
  await shot('reader-text')
  await page.goto(`${url}/chat`)
  await page.locator('.welcome').waitFor()
  await page.getByLabel('Your question').fill('Where should I note a quotation?')
  await shot('chat-new')
  await page.goto(`${url}/chat/${conversation}`)
  await page.locator('.chip').first().waitFor()
  await shot('chat')
  await page.locator('.chip.is-verified').nth(1).click()
  await page.locator('.beside mark').first().waitFor()
  await shot('chat-source')
  await page.goto(`${url}/account`)
  await page.locator('.meter').first().waitFor()
  await shot('account')
}

const adminToken = 'an-admin-token-for-pictures'
const secret = 'a secret for pictures, 32 bytes or more'
const users = ['amara', 'bjarne', 'chiyo', 'diego', 'elif', 'farid']

/** A server that several people use a little. */
async function useServer(url: string): Promise<void> {
  for (const [place, user] of users.entries()) {
    const client = new Client(url, await signToken(secret, user))
    for (const name of readdirSync(samples).slice(0, 1 + (place % 3)))
      await client.settled((await client.upload(name, readFileSync(join(samples, name)))).id)
    for (let at = 0; at < 6 + 4 * place; at++)
      await client.request('POST', '/v1/search', { query: 'where a quotation comes from' })
  }
}

async function shootOperator(page: Page, url: string, name: string): Promise<void> {
  const shot = async (screen: string): Promise<void> => {
    await page.screenshot({ path: join(shots, `${screen}-${name}.png`) })
  }
  await page.goto(url)
  await page.locator('.sign-in').waitFor()
  await shot('sign-in')
  await page.getByLabel('Token').fill(adminToken)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.locator('.traffic figcaption').first().waitFor()
  await page.getByRole('button', { name: 'Look again' }).waitFor()
  await page.getByRole('link', { name: 'farid' }).waitFor()
  await page.screenshot({ path: join(shots, `admin-${name}.png`), fullPage: true })
  await page.getByRole('link', { name: 'elif' }).click()
  await page.locator('.limits').waitFor()
  await shot('admin-tenant')
}

const path = findChromium()
if (path === undefined) throw new Error('no Chromium here: install one, or name it in CHROMIUM')
buildWebApp()
const directories = [0, 1, 2].map(() => mkdtempSync(join(tmpdir(), 'carrel-shots-')))
const [full = '', empty = '', locked = ''] = directories
const model = await FakeModel.start()
const servers = await Promise.all([
  startServer(full, { CHAT_URL: model.url, CHAT_MODEL: 'qwen3:4b' }),
  startServer(empty, {}),
  startServer(locked, { JWT_SECRET: secret, ADMIN_TOKEN: adminToken }),
])
const browser = await launchChromium(path)
try {
  mkdirSync(shots, { recursive: true })
  const client = new Client(servers[0].url)
  await useServer(servers[2].url)
  const files = [
    ['broken.pdf', new TextEncoder().encode('%PDF-1.7\nnothing of it is left')] as const,
    ...readdirSync(samples).map((name) => [name, readFileSync(join(samples, name))] as const),
    ...notes.map(([name, text]) => [name, new TextEncoder().encode(text)] as const),
    ...booklets.map(([title, ...lines]) => [`${title}.pdf`, booklet(title, lines)] as const),
  ]
  for (const [name, bytes] of files) await client.settled((await client.upload(name, bytes)).id)
  const { body } = await client.request<{ items: { id: string; title: string }[] }>(
    'GET',
    '/v1/documents',
  )
  for (const { id, title } of body.items)
    if (/Keeping|Pencil/i.test(title))
      await client.request('PATCH', `/v1/documents/${id}`, { tags: ['reading', 'method'] })
  const asked = await answeredQuestion(client, model)
  for (const { name, ...options } of looks) {
    const page = await browser.newPage(options)
    await shoot(page, servers[0].url, name, asked.conversation_id)
    await page.goto(servers[1].url)
    await page.locator('.empty').waitFor()
    await page.screenshot({ path: join(shots, `empty-${name}.png`) })
    await shootOperator(page, servers[2].url, name)
    await page.close()
  }
  console.log(`${readdirSync(shots).length} pictures in ${shots}`)
} finally {
  await browser.close()
  await Promise.all(servers.map((server) => server.stop()))
  await model.stop()
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
}
