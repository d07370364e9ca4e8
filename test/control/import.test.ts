/** Taking a library along and bringing it back, for real; and what a crash in between leaves. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Client, signToken } from '../../bench/lib/client.ts'
import { type RunningServer, startServer } from '../../bench/lib/server.ts'
import { pack, unpack } from '../fixtures/archives.ts'
import { keptDirectory } from '../helpers.ts'

const secret = 'an import secret of more than 32 bytes'
const dataDir = keptDirectory()
let server: RunningServer
const start = async (): Promise<void> => {
  server = await startServer(dataDir, { JWT_SECRET: secret })
}
const client = async (user: string): Promise<Client> =>
  new Client(server.url, await signToken(secret, user))
const note = new TextEncoder().encode('# A\n\nThe takahe wades.')

beforeAll(start)
afterAll(() => server.stop())

test('an export comes back as it was, to anybody whose library is empty, and to nobody else', {
  timeout: 120_000,
}, async () => {
  const mia = await client('mia')
  await mia.settled((await mia.upload('mia.md', note)).id)
  const [document] = await mia.documents()
  await mia.request('PATCH', `/v1/documents/${document?.id}`, {
    title: 'Birds',
    tags: ['one'],
    language: 'nl',
  })
  await mia.request('POST', '/v1/chat', { message: 'What does the takahe do?', stream: false })
  const send = async (user: string, method: string, path: string, body?: Buffer) => {
    const authorization = `Bearer ${await signToken(secret, user)}`
    return fetch(server.url + path, {
      method,
      headers: { authorization, ...(body && { 'content-type': 'application/x-tar' }) },
      ...(body && { body: new Uint8Array(body) }),
    })
  }
  // Its vector follows the words.
  await expect.poll(() => mia.search('takahe', 1, 'semantic')).toHaveLength(1)
  const archive = Buffer.from(await (await send('mia', 'GET', '/v1/export')).arrayBuffer())
  const files = await unpack(archive)
  const manifest = JSON.parse(files.get('manifest.json')?.toString() ?? '')
  // As from the library of somebody who had no login: the name in it is nobody's.
  const local = Buffer.from(JSON.stringify({ ...manifest, user_id: 'local', tenant: 'local' }))
  const answer = await send(
    'noa',
    'POST',
    '/v1/import',
    pack(new Map([...files, ['manifest.json', local]])),
  )
  expect(await answer.json()).toMatchObject({
    state: 'done',
    result: { documents: 1, passages: 1, conversations: 1, messages: 2, vectors: 1 },
  })
  const noa = await client('noa')
  expect(await noa.documents()).toEqual(await mia.documents())
  for (const mode of ['keyword', 'hybrid', 'semantic'])
    expect(await noa.search('takahe', 10, mode)).toEqual(await mia.search('takahe', 10, mode))
  const said = async (its: Client): Promise<unknown> => {
    const { body } = await its.request<{ items: { id: string }[] }>('GET', '/v1/conversations')
    return (await its.request('GET', `/v1/conversations/${body.items[0]?.id}`)).body
  }
  expect(await said(noa)).toEqual(await said(mia))
  const original = await send('noa', 'GET', `/v1/documents/${document?.id}/original`)
  expect(await original.text()).toBe(new TextDecoder().decode(note))
  expect((await send('noa', 'POST', '/v1/import', archive)).status).toBe(409)
  expect((await send('mia', 'POST', '/v1/import', archive)).status).toBe(409)
  expect((await send('ola', 'POST', '/v1/import', archive.subarray(0, 20_000))).status).toBe(400)
  expect(await (await send('ola', 'GET', '/v1/import')).json()).toMatchObject({ state: 'none' })
  // Killed in the middle of the next one: nothing of it is there, and it can be sent again.
  const half = new ReadableStream({ start: (body) => body.enqueue(archive.subarray(0, 20_000)) })
  const cut = fetch(`${server.url}/v1/import`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await signToken(secret, 'ola')}`,
      'content-type': 'application/x-tar',
    },
    body: half,
    duplex: 'half',
  } as RequestInit)
  cut.catch(() => undefined)
  const staged = () => readdirSync(join(dataDir, '.carrel/staging'))
  await expect.poll(staged).toHaveLength(1)
  await server.kill()
  await expect(cut).rejects.toThrow()
  await start()
  expect(staged()).toEqual([])
  expect(await (await client('noa')).search('takahe')).toHaveLength(1)
  expect((await send('ola', 'POST', '/v1/import', archive)).status).toBe(200)
  expect(await (await client('ola')).documents()).toEqual(await (await client('noa')).documents())
})
