/** The operator's screen in a real Chromium: signed in by ADMIN_TOKEN, over libraries of real users. */
import { expect, onTestFinished, test } from 'vitest'
import { Client, signToken } from '../../bench/lib/client.ts'
import { startServer } from '../../bench/lib/server.ts'
import { temporaryDirectory } from '../helpers.ts'
import { buildWebApp, faultsOf, findChromium, launchChromium } from './browser.ts'

const chromium = process.env['CARREL_BROWSER'] === '1' ? findChromium() : undefined
const name = chromium
  ? 'the operator sees the server, suspends, opens, copies and deletes; who is suspended is told'
  : 'the operator’s screen: SKIPPED; `npm run test:web` runs it where there is a Chromium'
const secret = 'a secret of the web tests, 32 bytes or more'
const adminToken = 'an-admin-token-of-the-web-tests'
const odd = '<b onclick="hacked=1">eve</b>'

test.skipIf(chromium === undefined)(name, { timeout: 120_000 }, async () => {
  buildWebApp()
  const running = await startServer(temporaryDirectory(), {
    JWT_SECRET: secret,
    ADMIN_TOKEN: adminToken,
  })
  onTestFinished(async () => void (await running.stop()))
  const { url } = running
  for (const user of ['ann', 'ben', odd]) {
    const client = new Client(url, await signToken(secret, user))
    const { id } = await client.upload('a.md', new TextEncoder().encode(`# Of ${user}\n\nText.\n`))
    expect((await client.settled(id)).status).toBe('ready')
    await client.request('POST', '/v1/keys', { name: `key of ${user}` })
  }
  const browser = await launchChromium(chromium ?? '')
  onTestFinished(() => browser.close())
  const context = await browser.newContext({ bypassCSP: true })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  await page.goto(url)
  await page.getByLabel('Token').fill(adminToken)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('3 libraries').waitFor()
  expect(await page.getByRole('link', { name: 'Library', exact: true }).count()).toBe(0)
  await page.getByText('Found open').first().waitFor()
  expect(await page.locator('.traffic rect').count()).toBeGreaterThan(10)
  await page.getByText(/JWT_ISSUER is not set/).waitFor()
  await page.getByRole('button', { name: 'Look at backups' }).click()
  await page.getByRole('cell', { name: 'none' }).nth(2).waitFor()
  await page.getByRole('button', { name: 'User', exact: true }).click()
  expect(await page.locator('tbody tr th').last().textContent()).toBe(odd)
  await page.getByLabel('Find a user').fill('ben')
  await page.getByText('1 of 3 libraries').waitFor()
  expect(await faultsOf(page)).toEqual([])

  await page.getByRole('link', { name: 'ben' }).click()
  await page.getByText('key of ben').waitFor()
  await page.getByText('requests per minute').waitFor()
  await page.locator('.limits', { hasText: '11 GB' }).waitFor()
  await page.getByRole('button', { name: 'Make one now' }).click()
  await page.getByText('verified when it was made').waitFor()
  await page.getByRole('button', { name: 'Try it' }).click()
  await page.getByText('Yes: it was opened').waitFor()
  await page.getByRole('button', { name: 'Take away: key of ben' }).click()
  await page.getByText('key of ben').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Suspend' }).click()
  expect(await faultsOf(page)).toEqual([])
  await page.getByRole('button', { name: 'Yes', exact: true }).click()
  await page.locator('.heading .state', { hasText: 'suspended' }).waitFor()
  await page.getByRole('cell', { name: 'tenant.state' }).waitFor()

  const ben = await browser.newPage({ bypassCSP: true })
  await ben.goto(url)
  await ben.getByLabel('Token').fill(await signToken(secret, 'ben'))
  await ben.getByRole('button', { name: 'Sign in' }).click()
  await ben.getByText('The operator has suspended this library').waitFor()
  expect(await faultsOf(ben)).toEqual([])
  await page.getByRole('button', { name: 'Open again' }).click()
  await page.getByRole('button', { name: 'Yes', exact: true }).click()
  await page.locator('.heading .state', { hasText: 'open' }).waitFor()
  await ben.getByRole('button', { name: 'Try again' }).click()
  await ben.getByRole('link', { name: 'Of ben' }).waitFor()

  await page.getByRole('button', { name: 'Delete', exact: true }).click()
  expect(await page.getByRole('button', { name: 'Yes', exact: true }).isDisabled()).toBe(true)
  await page.getByLabel('Name of the user', { exact: true }).fill('ben')
  await page.getByRole('button', { name: 'Yes', exact: true }).click()
  await page.getByText('The library of ben is deleted.').waitFor()
  await page.getByRole('link', { name: 'All libraries' }).click()
  await page.getByText('2 libraries').waitFor()
  await page.getByRole('link', { name: odd }).click()
  await page.getByRole('heading', { name: odd }).waitFor()
  expect(await page.evaluate('window.hacked')).toBeUndefined()
  expect(faults).toEqual([])

  // Who is no operator sees that they are none.
  const ann = await browser.newPage({ viewport: { width: 320, height: 640 } })
  await ann.goto(`${url}/admin`)
  await ann.getByLabel('Token').fill(await signToken(secret, 'ann'))
  await ann.getByRole('button', { name: 'Sign in' }).click()
  await ann.getByText('This screen is the operator’s').waitFor()
  await ann.evaluate(`sessionStorage.setItem('carrel.token', ${JSON.stringify(adminToken)})`)
  await ann.goto(`${url}/admin/ann`)
  await ann.getByText('key of ann').waitFor()
  expect(await ann.evaluate('document.documentElement.scrollWidth')).toBe(320)
})

test.skipIf(chromium === undefined)(
  'the API reference is read without a login, found in and linked to',
  { timeout: 60_000 },
  async () => {
    buildWebApp()
    const running = await startServer(temporaryDirectory(), { JWT_SECRET: secret })
    onTestFinished(async () => void (await running.stop()))
    const browser = await launchChromium(chromium ?? '')
    onTestFinished(() => browser.close())
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ bypassCSP: true, colorScheme })
      await page.goto(`${running.url}/docs`)
      await page.getByLabel('Find an address').fill('every sentence of the answer')
      await page.getByText(/^1 of \d+ operations/).waitFor()
      await page.locator('summary').click()
      await page.getByText('message', { exact: true }).first().waitFor()
      await page.getByText(/^curl -X POST/).waitFor()
      const rules = colorScheme === 'light' ? undefined : ['color-contrast']
      expect(await faultsOf(page, rules)).toEqual([])
    }
    const page = await browser.newPage({ viewport: { width: 320, height: 640 } })
    await page.goto(`${running.url}/docs#get_documents`)
    await page.locator('#get_documents[open] .operation-text').waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320)
  },
)
