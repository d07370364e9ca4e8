/** A server that makes its own key: printed once, kept, and what `carrel token` signs with. */
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

  const again = await startServer(dataDir, {}, ['--make-key'])
  expect(readFileSync(path, 'utf8')).toBe(secret)
  const later = new Client(again.url, token)
  expect((await later.request('GET', '/v1/me')).status).toBe(200)
  await again.stop()
})
