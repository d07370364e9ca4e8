/** A page that is watched while a test uses it. */
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'

/** Becomes a request, and then code, wherever it is taken for markup. */
export const attack = `"><img src=/hacked.png onerror="hacked=1">'`

/** A page on which nothing may break the policy, throw, open a dialog or run what somebody wrote as text. */
export async function openWatched(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('dialog', (dialog) => faults.push(`a dialog: ${dialog.message()}`))
  page.on('console', (message) => {
    if (/Content Security Policy|Trusted/i.test(message.text())) faults.push(message.text())
  })
  page.on('request', (request) => {
    if (request.url().endsWith('/hacked.png')) faults.push('what was text became markup')
  })
  onTestFinished(async () => {
    await context.close()
    expect(faults).toEqual([])
  })
  await page.goto(address)
  return page
}
