/** The TypeScript client and the examples, against a real server: what they print is what is in the library. */
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../bench/lib/server.ts'
import { schemaPath } from '../clients/generate.ts'
import { type Description, schemaFile } from '../clients/schema-file.ts'
import { Carrel } from '../clients/ts/src/carrel.ts'
import { CarrelError } from '../clients/ts/src/problem.ts'
import { uploadFile } from '../clients/ts/src/upload.ts'

const run = promisify(execFile)
const directory = mkdtempSync(join(tmpdir(), 'carrel-client-'))
const file = join(directory, 'bridge.md')
const examples = join(import.meta.dirname, '../examples')
const asked = [file, 'governor', 'Who opened the bridge?']
const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0

let server: RunningServer
let carrel: Carrel
beforeAll(async () => {
  writeFileSync(file, '# Bridges\n\nThe bridge was opened by the governor on 19 March 1932.\n')
  server = await startServer(mkdtempSync(join(directory, 'data-')), {})
  carrel = new Carrel({ url: server.url })
})
afterAll(async () => {
  await server?.stop()
  rmSync(directory, { recursive: true, force: true })
})

test('the types are those that the server describes; if not: npm run client', async () => {
  const answer = await fetch(`${server.url}/openapi.json`)
  const made = schemaFile((await answer.json()) as Description)
  expect(readFileSync(schemaPath, 'utf8') === made).toBe(true)
})

test('a description that the types cannot say is refused instead of being guessed', () => {
  const schemas = { Odd: { type: 'tuple' } }
  const odd = { info: { version: '1' }, paths: {}, components: { schemas } }
  expect(() => schemaFile(odd)).toThrow(/no type for/)
})

test('an upload in pieces tells how far it is, and goes on where it was when nobody answered', async () => {
  const changes = carrel.changes()
  const told: number[] = []
  const locations: string[] = []
  let calls = 0
  const content = new Blob([`# Oak\n\n${'An old oak. '.repeat(300)}\n`])
  const result = await uploadFile(
    async (path, init) => {
      calls++
      // The third answer is lost on its way, though the server has what was sent.
      const answer = await fetch(server.url + path, init)
      if (calls === 3) throw new TypeError('the connection was cut')
      return answer
    },
    content,
    {
      filename: 'Eiche 🌳.md',
      tags: ['trees'],
      pieceBytes: 1_000,
      onProgress: (sent) => told.push(sent),
      onStarted: (location) => locations.push(location),
    },
  )
  expect(told).toEqual([0, 1_000, 2_000, 3_000, content.size])
  expect(result.documents).toMatchObject([{ filename: 'Eiche 🌳.md', tags: ['trees'] }])
  const { value } = await changes.next()
  expect(value).toMatchObject({ id: result.documents[0]?.id })
  await changes.return()
  // Once more from its address: nothing is sent, and what became of it is told.
  calls = 10
  const again = await carrel.upload(content, { filename: 'x', resume: locations[0] })
  expect(again.documents[0]?.id).toBe(result.documents[0]?.id)
})

test('a refusal has the server’s code and words, and is not tried again', async () => {
  const refused = carrel.upload(new Blob(['MZ\0\x01']), { filename: 'a.exe' })
  await expect(refused).rejects.toThrow(CarrelError)
  await expect(refused).rejects.toMatchObject({ code: 'unsupported_media_type', status: 415 })
  const { error } = await carrel.api.GET('/v1/documents/{id}', { params: { path: { id: 'no' } } })
  expect(error).toMatchObject({ code: 'not_found' })
})

test('an answer comes as events', async () => {
  const events = await Array.fromAsync(carrel.ask({ message: 'How old is the oak?' }))
  expect(events[0]?.event).toBe('passages')
  expect(events.at(-1)?.event).toBe('done')
})

for (const [language, program, name] of [
  ['TypeScript', process.execPath, 'quick-start.ts'],
  ['Python', 'python3', 'quick_start.py'],
  ['curl', 'curl', 'quick-start.sh'],
] as const)
  test(`the example in ${language} does what it says`, async ({ skip }) => {
    skip(!has(program), `${program} is not here: install it to run this example`)
    const script = join(examples, name)
    const env = { ...process.env, CARREL_URL: server.url }
    const { stdout } = name.endsWith('.sh')
      ? await run(script, asked, { env })
      : await run(program, [script, ...asked], { env })
    expect(stdout).toContain('opened by the governor on 19 March 1932')
    expect(stdout).toContain('“The bridge was opened')
  })
