/**
 * Every hostile token there is, over HTTP, at a server with real directories: a table of what was refused, what was let in and
 * where it got. Printed with CARREL_LONG=1.
 */
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createJwks } from '../src/auth/jwks.ts'
import { createJwtAuthenticator, type JwtOptions } from '../src/auth/jwt.ts'
import type { Authenticate, AuthRequest } from '../src/auth/principal.ts'
import { openLogs } from '../src/base/log.ts'
import { Problem } from '../src/base/problem.ts'
import { readConfig } from '../src/config.ts'
import { type Context, createContext } from '../src/context.ts'
import { parseTenantId, tenantOf } from '../src/tenancy/tenant-id.ts'
import { hostileIds } from './fixtures/hostile-ids.ts'
import { hostileKids, refusedTokens, secret, tokenWith } from './fixtures/hostile-tokens.ts'
import { keptDirectory, testData } from './helpers.ts'
import { startServer } from './http/harness.ts'

const root = keptDirectory()
const dataDir = join(root, 'inner', 'data')
const atOnce = 8
const isLong = process.env['CARREL_LONG'] === '1'
let context: Context
let url: string

/** What became of the tokens of one kind. */
interface Row {
  readonly kind: string
  readonly sent: number
  readonly refused: number
  /** By its signature, but it names nobody: refused too. */
  readonly authentic: number
  readonly letIn: number
}
const table: Row[] = []

beforeAll(async () => {
  const env = { DATA_DIR: dataDir, PORT: '0', SHARDS: '1', JWT_SECRET: secret }
  context = await createContext(readConfig({ ...env, LOG_LEVEL: 'silent' }), openLogs('silent'))
  url = (await context.listen()).url
})
afterAll(async () => {
  await context[Symbol.asyncDispose]()
  if (!isLong) return
  for (const { kind, sent, refused, authentic, letIn } of table)
    process.stdout.write(
      `${kind.padEnd(62)} sent ${String(sent).padStart(4)}  refused ${String(refused).padStart(4)}  signed, nobody ${String(authentic).padStart(4)}  let in ${String(letIn).padStart(4)}\n`,
    )
})

test('every hostile id is refused, or has a directory of its own inside the data directory', {
  timeout: 120_000,
}, async () => {
  // A directory takes an eighth of a second to make; all ids without one are in test/auth/ids.test.ts.
  const ids = hostileIds().filter((_, at) => isLong || at % 12 === 0)
  const answers = await askAll(url, await Promise.all(ids.map((sub) => tokenWith({ sub }))))
  count('hostile ids', answers)
  const letIn = ids.filter((_, at) => answers[at]?.status === 200)
  const answersOf = (some: readonly string[]) =>
    answers.filter((_, at) => some.includes(ids[at] ?? ''))
  const directories = readdirSync(dataDir).filter((name) => name !== '.carrel')
  // As many directories as users: no two have one, twins in other letters and other forms included.
  expect(directories.toSorted()).toEqual(letIn.map((id) => tenantOf(id)).toSorted())
  expect(new Set(directories.map((name) => name.normalize('NFC').toLowerCase())).size).toBe(
    letIn.length,
  )
  expect(directories.filter((name) => parseTenantId(name) === undefined)).toEqual([])
  for (const [at, id] of ids.entries()) {
    const { status, body } = answers[at] ?? {}
    if (status === 200) expect(JSON.parse(body ?? '')).toMatchObject({ user_id: id })
    else expect([status, isAcceptable(id)]).toEqual([401, false])
  }
  const twins = Map.groupBy(letIn, (id) => id.normalize('NFKC').trim().toLowerCase())
  const paired = [...twins.values()].filter((ids) => ids.length > 1).flat()
  count('of these, twins but for case, form or blanks', answersOf(paired))
  expect(new Set(paired.map((id) => tenantOf(id))).size).toBe(paired.length)
  // Nothing beside the data directory, nor above it.
  expect([readdirSync(root), readdirSync(join(root, 'inner'))]).toEqual([['inner'], ['data']])
})

/** Empty, longer than 255 bytes, with control characters or halves of them: nothing else is refused. */
function isAcceptable(id: string): boolean {
  return id !== '' && Buffer.byteLength(id) <= 255 && !/\p{Cc}|\p{Cs}/u.test(id)
}

const bait = await startBait()
afterAll(() => bait.stop())

test.each(refusedTokens(bait.url))('%s: refused, and nobody is asked', async (kind, tokens) => {
  const answers = await askAll(url, await tokens())
  count(kind, answers)
  for (const { status, body } of answers) {
    expect(kind === '100 KB' ? [0, 431] : [400, 401]).toContain(status)
    expect(body).not.toContain('"user_id"')
  }
  expect(bait.asked).toEqual([])
})

test('a kid is a name and no more; an exp in the far future is one', async () => {
  const tokens = [
    ...(await Promise.all(hostileKids.map((kid) => tokenWith({}, { kid })))),
    await tokenWith({ exp: 253_402_300_799 }),
  ]
  const answers = await askAll(url, tokens)
  count('a good signature with such a kid, or an exp in the year 9999', answers)
  for (const { status, body } of answers)
    expect([status, JSON.parse(body).user_id]).toEqual([200, 'alice'])
})

test('credentials twice are refused, also where both are good', async () => {
  const token = await tokenWith({})
  const other = await tokenWith({ sub: 'bob' })
  const requests = [
    [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`],
    [`Authorization: Bearer ${token}`, `Authorization: Bearer ${other}`],
    [`X-CF-Session: ${token}`, `X-CF-Session: ${other}`],
    [`Authorization: Bearer ${token}`, `X-CF-Session: ${other}`],
    [`X-CF-Session: ${token}`, `Cookie: cf_session=${other}`],
    [`Cookie: cf_session=${token}; cf_session=${other}`],
    [`Authorization: Bearer ${token}, Bearer ${other}`],
  ]
  const answers = await Promise.all(requests.map((lines) => ask(url, lines)))
  count('a credential twice, or two of them', answers)
  for (const { status } of answers) expect([400, 401]).toContain(status)
})

interface Group {
  readonly comment?: string
  readonly public?: Readonly<Record<string, unknown>>
  readonly private?: Readonly<Record<string, unknown>>
  readonly tests: readonly { readonly jws: unknown; readonly result: 'valid' | 'invalid' }[]
}

const jws = testData('security/jws')

test.skipIf(jws === undefined)('Wycheproof, each by its own key (CARREL_TEST_DATA)', async () => {
  let authenticate: Authenticate | undefined
  const server = await startServer({ authenticate: (request) => askedOf(authenticate, request) })
  for (const [file, what] of [
    ['wycheproof_json_web_signature_test.json', 'signatures'],
    ['wycheproof_json_web_key_test.json', 'keys'],
  ] as const) {
    const { testGroups } = JSON.parse(readFileSync(join(jws ?? '', file), 'utf8')) as {
      testGroups: Group[]
    }
    const seen: Record<string, Answer[]> = { valid: [], invalid: [] }
    for (const group of testGroups) {
      authenticate = authenticatorOf(group)
      for (const { jws: token, result } of group.tests) {
        const spelled = typeof token === 'string' ? token : JSON.stringify(token)
        seen[result]?.push(await ask(server.url, [`Authorization: Bearer ${spelled}`]))
      }
    }
    for (const [result, answers] of Object.entries(seen)) {
      count(`Wycheproof’s ${what} that are ${result}`, answers)
      // They sign "foo", which is nobody: whatever its signature, none comes in.
      expect(answers.filter(({ status }) => status === 200)).toEqual([])
    }
  }
  const signed = table.filter(({ kind }) => kind.startsWith('Wycheproof'))
  // 367 and 370 are, byte for byte, the valid 357; the key of 7 has a weakness (ROCA) that nobody sees in a signature.
  expect(signed.map(({ authentic, letIn }) => [authentic, letIn])).toEqual([
    [24, 0],
    [2, 0],
    [1, 0],
    [1, 0],
  ])
})

/** As the operator would configure the key: a secret, or a key set that somebody serves. */
function authenticatorOf({ public: open, private: own }: Group): Authenticate | undefined {
  const keys = open ?? own ?? {}
  const options: JwtOptions =
    keys['kty'] === 'oct'
      ? { secret: Buffer.from(String(keys['k']), 'base64url') }
      : {
          jwks: createJwks({
            url: 'https://id.example/jwks',
            fetch: async () =>
              new Response(JSON.stringify('keys' in keys ? keys : { keys: [keys] })),
            save: async () => undefined,
          }),
        }
  try {
    return createJwtAuthenticator(options)
  } catch {
    // A secret that is too short does not start.
    return undefined
  }
}

function askedOf(authenticate: Authenticate | undefined, request: AuthRequest) {
  if (authenticate) return authenticate(request)
  throw new Problem('unauthorized', 'There is no server with such a key.')
}

interface Answer {
  readonly status: number
  readonly body: string
}

async function askAll(base: string, tokens: readonly string[]): Promise<Answer[]> {
  const answers: Answer[] = []
  for (let at = 0; at < tokens.length; at += atOnce)
    answers.push(
      ...(await Promise.all(
        tokens.slice(at, at + atOnce).map((token) => ask(base, [`Authorization: Bearer ${token}`])),
      )),
    )
  return answers
}

/** By hand: no client sends what these are. */
async function ask(base: string, lines: readonly string[]): Promise<Answer> {
  const { hostname, port } = new URL(base)
  const socket = connect(Number(port), hostname)
  const head = ['GET /v1/me HTTP/1.1', `Host: ${hostname}`, ...lines, 'Connection: close']
  // What is refused for its length is not read to its end.
  socket.on('error', () => undefined)
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  const answer = await text(socket).catch(() => '')
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4)
  // 0: cut off, as whoever sends more than a header may be before the answer is read.
  return { status: Number(answer.split(' ')[1] ?? 0), body }
}

function count(kind: string, answers: readonly Answer[]): void {
  const letIn = answers.filter(({ status }) => status === 200).length
  const authentic = answers.filter(({ body }) => body.includes('not a set of claims')).length
  const refusedCount = answers.length - letIn - authentic
  table.push({ kind, sent: answers.length, refused: refusedCount, authentic, letIn })
}

async function startBait() {
  const asked: (string | undefined)[] = []
  const server = createServer((request, response) => {
    asked.push(request.url)
    response.end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, asked, stop: () => void server.close() }
}
