/** Signing in without a token, in a real Chromium on a real server. */
import { expect, onTestFinished, test } from 'vitest'
import { Client } from '../../bench/lib/client.ts'
import { startServer } from '../../bench/lib/server.ts'
import { temporaryDirectory } from '../helpers.ts'
import { buildWebApp, faultsOf, findChromium, launchChromium } from './browser.ts'

const chromium = process.env['CARREL_BROWSER'] === '1' ? findChromium() : undefined
const name = chromium
  ? 'signed in by a link, out, and told when the provider is away'
  : 'signing in with Chromium: SKIPPED; `npm run test:web` runs it'
const adminToken = 'an-admin-token-of-the-web-tests'

test.skipIf(chromium === undefined)(name, { timeout: 60_000 }, async () => {
  buildWebApp()
  const running = await startServer(temporaryDirectory(), {
    SIGN_IN_LINKS: 'on',
    PUBLIC_URL: 'http://library.example',
    OIDC_ISSUER: 'http://127.0.0.1:9',
    OIDC_CLIENT_ID: 'carrel',
    ADMIN_TOKEN: adminToken,
  })
  onTestFinished(async () => void (await running.stop()))
  const { url } = running
  const admin = new Client(url, adminToken)
  const { body } = await admin.request<{ url: string }>('POST', '/admin/v1/users', {
    user_id: 'ann',
  })
  const link = body.url.replace('http://library.example', url)
  const browser = await launchChromium(chromium ?? '')
  onTestFinished(() => browser.close())
  const page = await browser.newPage({ bypassCSP: true })
  await page.goto(link)
  await page.getByRole('link', { name: 'Sign in with 127.0.0.1:9' }).waitFor()
  expect(page.url()).toBe(`${url}/`)
  expect(await faultsOf(page)).toEqual([])
  await page.getByRole('button', { name: 'Sign in with this link' }).click()
  await page.locator('.empty').waitFor()
  expect(await page.evaluate('document.cookie + sessionStorage.length')).toBe('0')
  await page.getByRole('link', { name: /^Account/ }).click()
  await page.getByText('Signed in as ann').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Token').waitFor()
  await page.getByRole('link', { name: 'Sign in with 127.0.0.1:9' }).click()
  await page.getByText('the identity provider does not answer').waitFor()
  await page.goto(link)
  await page.getByRole('button', { name: 'Sign in with this link' }).click()
  await page.getByText('the link was used already').waitFor()
})
