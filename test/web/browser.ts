/** A real Chromium of this machine, and the app as `npm start` serves it. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Where a Chromium is, or undefined; `CHROMIUM` names one elsewhere. */
export function findChromium(): string | undefined {
  return [process.env['CHROMIUM'] ?? '', ...places].find((path) => path !== '' && existsSync(path))
}

/** In a container there is no sandbox for it to stand in; it is only ever shown our own pages. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] })
}

/** Some seconds when its sources changed, nothing otherwise. */
export function buildWebApp(): void {
  const script = fileURLToPath(new URL('../../web/build.mjs', import.meta.url))
  execFileSync(process.execPath, [script], { stdio: ['ignore', 'ignore', 'pipe'] })
}

/**
 * What axe finds wrong with a page as it is now. The page needs `bypassCSP`: its policy lets no other script in.
 * @param rules all when not given; a page that differs in its colours alone needs `color-contrast` only
 */
export async function faultsOf(page: Page, rules?: readonly string[]): Promise<string[]> {
  await page.evaluate(axe)
  const { violations } = await page.evaluate<{
    violations: { id: string; nodes: { html: string; failureSummary: string }[] }[]
  }>(
    `axe.run(document, ${JSON.stringify({ resultTypes: ['violations'], ...(rules && { runOnly: rules }) })})`,
  )
  return violations.map(({ id, nodes: [node] }) => `${id}: ${node?.html} ${node?.failureSummary}`)
}

/** A document as the server lists it. */
export function fakeRow(at: number) {
  return {
    id: `doc_${at}`,
    title: `Document ${at}`,
    filename: `${at}.pdf`,
    media_type: 'application/pdf',
    bytes: 1_000 + at,
    sha256: '',
    language: 'en',
    pages: 3,
    passages: 3,
    tags: [],
    status: 'ready',
    progress: null,
    error: null,
    report: null,
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
  }
}
