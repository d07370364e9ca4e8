/** A server that makes its own key: printed once, kept, what `carrel token` signs with, and people with links beside it. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Client } from '../bench/lib/client.ts'
import { runCommand, startServer } from '../bench/lib/server.ts'
import { temporaryDirectory } from './helpers.ts'

test('with --make-key it asks for a token, and takes those of `carrel token`', async () => {
  const dataDir = temporaryDirectory()
  const server = await startServer(dataDir, {}, ['--make-key'])
  const { url } = server
  const path = join(dataDir, '.carrel', 'jwt-secret')
  const secret = readFileSync(path, 'utf8')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect((await new Client(url).request('GET', '/v1/me')).status).toBe(401)
  const token = runCommand(['token', 'ann', '--tier', 'paid'], { DATA_DIR: dataDir }).trim()
  const me = await new Client(url, token).request('GET', '/v1/me')
  expect(me.body).toMatchObject({ user_id: 'ann', tier: 'paid' })
  await server.stop()

  // With links beside it the key goes on, and `ben` is one user by both.
  const links = { SIGN_IN_LINKS: 'on', PUBLIC_URL: 'http://library.example' }
  const again = await startServer(dataDir, links, ['--make-key'])
  expect(readFileSync(path, 'utf8')).toBe(secret)
  const later = new Client(again.url, token)
  expect((await later.request('GET', '/v1/me')).status).toBe(200)
  const env = { DATA_DIR: dataDir, ...links }
  const made = JSON.parse(runCommand(['user', 'add', 'ben', '--tier', 'paid'], env))
  expect(made).toMatchObject({ user_id: 'ben', tenant: 'ben' })
  const cookie = await redeemed(again.url, made.url)
  const sessionPath = join(dataDir, '.carrel', 'session-key')
  expect(statSync(sessionPath).mode & 0o777).toBe(0o600)
  expect(readFileSync(sessionPath, 'utf8')).not.toBe(secret)
  const byLink = await fetch(`${again.url}/v1/me`, { headers: { cookie } })
  expect(await byLink.json()).toMatchObject({ user_id: 'ben', tier: 'paid' })
  const other = new Client(again.url, runCommand(['token', 'ben'], env).trim())
  expect((await other.request('GET', '/v1/me')).body).toMatchObject({
    user_id: 'ben',
    tier: 'paid',
  })
  await again.stop()
})

test.skipIf(process.env['CARREL_LONG'] !== '1')(
  'without a server `carrel user` opens the directory itself, and the link waits for the start',
  async () => {
    const dataDir = temporaryDirectory()
    const links = { SIGN_IN_LINKS: 'on', PUBLIC_URL: 'http://library.example' }
    const made = JSON.parse(runCommand(['user', 'add', 'ann'], { DATA_DIR: dataDir, ...links }))
    expect(made.tenant).toBe('ann')
    const file = readFileSync(join(dataDir, '.carrel', 'control.db'))
    expect([file.includes('ann'), file.includes(made.url.slice(-52))]).toEqual([true, false])
    const server = await startServer(dataDir, links)
    const cookie = await redeemed(server.url, made.url)
    const me = await fetch(`${server.url}/v1/me`, { headers: { cookie } })
    expect(await me.json()).toMatchObject({ user_id: 'ann', tier: 'free' })
    await server.stop()
  },
)

/** What a browser does with a link. @returns the cookie, as a request sends it */
async function redeemed(server: string, link: string): Promise<string> {
  const [, code] = /^http:\/\/library\.example\/sign-in#([a-z2-7]{52})$/.exec(link) ?? []
  const response = await fetch(`${server}/auth/link`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'http://library.example' },
    body: JSON.stringify({ code }),
  })
  expect(response.status).toBe(204)
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
}
