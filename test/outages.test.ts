/** The key set and Heimdall away at once: people come in with the tier they had, and the operator sees it without the server failing. */
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { openLogs } from '../src/base/log.ts'
import { readConfig } from '../src/config.ts'
import { createContext } from '../src/context.ts'
import { jwkOf, pairs, signed } from './auth/tokens.ts'
import { temporaryDirectory } from './helpers.ts'

const adminToken = 'an-admin-token-of-some-length'
const sessionSecret = 'a session secret of at least thirty-two bytes'

test('both are at /readyz and /metrics, and neither turns anybody away, after a restart too', {
  timeout: 120_000,
}, async () => {
  const keySet = await serve((_, response) =>
    response.end(JSON.stringify({ keys: [jwkOf(pairs.rsa, { kid: 'one' })] })),
  )
  const heimdall = await serve((_, response) => response.end('{"tier":"premium"}'))
  const dataDir = temporaryDirectory()
  const config = readConfig({
    ...{ DATA_DIR: dataDir, PORT: '0', SHARDS: '1', LOG_LEVEL: 'silent', ADMIN_TOKEN: adminToken },
    JWT_JWKS_URL: urlOf(keySet),
    HEIMDALL_URL: urlOf(heimdall),
    HEIMDALL_ADMIN_TOKEN: 'admin-token',
    HEIMDALL_SESSION_SECRET: sessionSecret,
  })
  const now = Math.floor(Date.now() / 1000)
  const exp = now + 3_600
  const token = await signed({ sub: 'alice', exp }, pairs.rsa.privateKey, {
    ...{ alg: 'RS256', kid: 'one' },
  })
  const session = await signed({ id: 'u1', exp }, Buffer.from(sessionSecret), { alg: 'HS256' })
  {
    await using context = await createContext(config, openLogs('silent'))
    const { url } = await context.listen()
    expect(await people(url)).toEqual(['alice free', 'u1 premium'])
    expect(await seen(url)).toMatchObject({
      ...{ status: 200, ready: true, key_set: 'ok', heimdall: 'ok' },
      ...{ carrel_key_set_ok: 1, carrel_heimdall_ok: 1, carrel_key_set_fetches: 1 },
    })
  }
  for (const server of [keySet, heimdall]) await stop(server)

  await using context = await createContext(config, openLogs('silent'))
  const { url } = await context.listen()
  for (let times = 0; times < 20; times++)
    expect(await people(url)).toEqual(['alice free', 'u1 premium'])
  await expect
    .poll(() => seen(url), { timeout: 20_000 })
    .toMatchObject({
      ...{ status: 200, ready: true },
      key_set: expect.stringMatching(/could not be reached; the keys kept by an earlier run serve/),
      heimdall: expect.stringMatching(/users keep their last known tier/),
      ...{ carrel_key_set_ok: 0, carrel_heimdall_ok: 0, carrel_key_set_fetches: 1 },
    })

  async function people(base: string): Promise<string[]> {
    const headers: Record<string, string>[] = [
      { authorization: `Bearer ${token}` },
      { 'x-cf-session': session },
    ]
    const answers = headers.map((each) => fetch(`${base}/v1/me`, { headers: each }))
    const bodies = (await Promise.all(answers)).map((answer) => answer.json())
    return (await Promise.all(bodies)).map(({ user_id: user, tier }) => `${user} ${tier}`)
  }
})

/** What an operator sees: /readyz with its checks, and the figures of identity at /metrics. */
async function seen(url: string): Promise<Record<string, unknown>> {
  const ready = await fetch(`${url}/readyz`)
  const { checks, ...rest } = (await ready.json()) as { checks: object; ready: boolean }
  const headers = { authorization: `Bearer ${adminToken}` }
  const metrics = await (await fetch(`${url}/metrics`, { headers })).text()
  const figures = [...metrics.matchAll(/^(carrel_(?:key_set|heimdall)\w+) (\d+)$/gm)]
  return {
    ...{ status: ready.status, ...rest, ...checks },
    ...Object.fromEntries(figures.map(([, name, value]) => [name, Number(value)])),
  }
}

async function serve(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return server
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
