/** A resumable upload through cuts and crashes of a real server; what is left behind by any upload. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Client, signToken } from '../bench/lib/client.ts'
import { seededRandom } from '../bench/lib/random.ts'
import { type RunningServer, startServer } from '../bench/lib/server.ts'
import { TusClient } from '../bench/lib/tus-client.ts'
import { temporaryDirectory } from './helpers.ts'

const isLong = process.env['CARREL_LONG'] === '1'
const megabytes = isLong ? 20 : 4
const cuts = isLong ? 20 : 6
/** Every so many cuts the server dies, too. */
const killEvery = isLong ? 5 : 3
const secret = 'a secret for uploads of more than thirty-two bytes'
const settings = { JWT_SECRET: secret }

/** A PDF whose trailing comment is as long as wanted. */
function largePdf(bytes: number): Buffer {
  const pdf = readFileSync(new URL('../samples/reading-with-a-pencil.pdf', import.meta.url))
  const random = seededRandom(bytes)
  const rest = Buffer.alloc(bytes, '%')
  for (let at = 0; at + 4 <= bytes; at += 4) rest.writeUInt32LE(Math.floor(random() * 2 ** 32), at)
  return Buffer.concat([pdf, Buffer.from('\n%'), rest.map((byte) => (byte === 10 ? 11 : byte))])
}

test(`${megabytes} MB arrive byte for byte through ${cuts} cuts and kill -9 between them`, {
  timeout: 120_000,
}, async () => {
  const dataDir = temporaryDirectory()
  const bytes = largePdf(megabytes * 2 ** 20)
  const token = await signToken(secret, 'ann')
  const random = seededRandom(20)
  let server = await startServer(dataDir, settings)
  const tus = () => new TusClient(server.url, token)
  const path = await tus().create(bytes.length, { filename: 'large.pdf', tags: 'big' })
  const file = join(dataDir, 'ann', 'uploads', 'partial', path.slice(-32))
  let offset = 0
  for (let cut = 1; cut <= cuts; cut++) {
    const piece = Math.floor((bytes.length / (cuts + 1)) * (0.5 + random() / 2))
    const end = offset + piece
    const kill = cut % killEvery === 0
    const ready = async () => {
      await expect.poll(() => statSync(file).size, { timeout: 10_000 }).toBeGreaterThanOrEqual(end)
      if (kill) await server.kill()
    }
    await expect(tus().patch(path, bytes, offset, { bytes: piece, ready })).rejects.toThrow()
    if (kill) server = await startServer(dataDir, settings)
    offset = await tus().offset(path)
    expect(offset).toBe(end)
  }
  const last = await tus().patch(path, bytes, offset)
  expect(last.status).toBe(204)
  const client = new Client(server.url, token)
  const document = await client.settled(String(last.headers['carrel-documents']))
  expect(document).toMatchObject({
    status: 'ready',
    sha256: createHash('sha256').update(bytes).digest('hex'),
  })
  await server.kill()
  server = await startServer(dataDir, settings)
  expect((await tus().send('HEAD', path)).headers['carrel-documents']).toBe(document.id)
  expect(await server.stop()).toBe(0)
  expect(readdirSync(join(dataDir, 'ann', 'uploads'))).toEqual(['partial'])
})

test('a start removes what has expired and keeps what has not, and looks at nobody else', async () => {
  const dataDir = temporaryDirectory()
  const brief = { ...settings, UPLOAD_EXPIRY_MS: '1000', POOL_IDLE_MS: '100' }
  let server = await startServer(dataDir, settings)
  const ann = new TusClient(server.url, await signToken(secret, 'ann'))
  await ann.create(1_000, { filename: 'a.txt' })
  const partial = join(dataDir, 'ann', 'uploads', 'partial')
  // Its store closes, and with it would go the hint, were there no part.
  expect(await server.stop()).toBe(0)
  expect(readdirSync(partial)).toHaveLength(2)
  server = await startServer(dataDir, brief)
  await expect.poll(() => readdirSync(partial), { timeout: 10_000 }).toEqual([])
  expect(await server.stop()).toBe(0)
})

test('nothing is left of uploads that were cut, refused or killed', async () => {
  const dataDir = temporaryDirectory()
  let server = await startServer(dataDir, settings)
  const token = await signToken(secret, 'ann')
  const client = new Client(server.url, token)
  await client.documents()
  const uploads = join(dataDir, 'ann', 'uploads')

  const cut = await beginUpload(server, token)
  await expect.poll(() => readdirSync(uploads)).toHaveLength(1)
  cut.destroy()
  await expect.poll(() => readdirSync(uploads)).toEqual([])

  const form = new FormData()
  form.append('file', new Blob([Buffer.from('MZ\0\0')]), 'a.exe')
  expect((await client.request('POST', '/v1/documents', form)).status).toBe(415)
  expect(readdirSync(uploads)).toEqual([])

  const killed = await beginUpload(server, token)
  await expect.poll(() => readdirSync(uploads)).toHaveLength(1)
  await server.kill()
  killed.destroy()
  expect(readdirSync(uploads)).toHaveLength(1)
  server = await startServer(dataDir, settings)
  await expect.poll(() => readdirSync(uploads), { timeout: 10_000 }).toEqual([])
  expect(existsSync(join(dataDir, 'ann', 'books'))).toBe(true)
  expect(readdirSync(join(dataDir, 'ann', 'books'))).toEqual([])
  expect(await server.stop()).toBe(0)
})

/** A multipart upload that stops in the middle of its file. */
async function beginUpload(server: RunningServer, token: string) {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(
    `POST /v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: 100000\r\n` +
      `Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\n` +
      `Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n${'half '.repeat(1_000)}`,
  )
  return socket
}
