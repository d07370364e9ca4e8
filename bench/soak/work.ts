/** What people do all day, one thing at a time: each leaves a library as it found it, so that what grows is not theirs. */
import { Client, signToken } from '../lib/client.ts'
import { adminToken } from '../tenants/server-figures.ts'

export const secret = 'the soak bench signs its own tokens with this'

/** As often as these, of all that is done. */
const shares = {
  search: 36,
  read: 20,
  list: 14,
  document: 10,
  chat: 8,
  key: 6,
  export: 3,
  snapshot: 3,
} as const
type Kind = keyof typeof shares
const sum = Object.values(shares).reduce((all, share) => all + share, 0)

const standing = '# The harbour\n\nThe heron stands in the reeds at dawn and waits for the tide.\n'
const message = 'Where does the heron stand?'

interface Person {
  readonly user: string
  readonly token: string
  readonly client: Client
  /** Always there. */
  readonly document: string
  /** One upload or snapshot of a person at a time. */
  isBusy: boolean
}

export class Work {
  readonly #url: string
  readonly #people: readonly Person[]
  readonly #operator: Client
  #turn = 0
  readonly done: Record<string, number> = {}
  readonly errors: string[] = []
  /** Asked to come back: no error, and nothing done. */
  refused = 0

  private constructor(url: string, people: readonly Person[]) {
    this.#url = url
    this.#people = people
    this.#operator = new Client(url, adminToken)
  }

  /** Makes the libraries, a document in each. */
  static async begin(url: string, people: number): Promise<Work> {
    const made: Person[] = []
    const atOnce = 8
    for (let at = 0; at < people; at += atOnce)
      made.push(
        ...(await Promise.all(
          Array.from({ length: Math.min(atOnce, people - at) }, (_, i) => arrive(url, at + i)),
        )),
      )
    return new Work(url, made)
  }

  /** The next thing, of somebody. Never rejects. */
  async next(random: number): Promise<void> {
    const kind = kindOf(random)
    const n = this.#turn++
    const person = this.#people[n % this.#people.length] as Person
    const isLong = kind === 'document' || kind === 'snapshot'
    if (isLong && person.isBusy) return
    if (isLong) person.isBusy = true
    try {
      await this.#do(kind, person, n)
      this.done[kind] = (this.done[kind] ?? 0) + 1
    } catch (error) {
      if (error instanceof Refused) this.refused++
      else this.errors.push(`${kind}: ${(error as Error).message}`)
    } finally {
      if (isLong) person.isBusy = false
    }
  }

  async #do(kind: Kind, { client, document, user, token }: Person, n: number): Promise<void> {
    const ask = async <T>(
      status: number,
      method: string,
      path: string,
      body?: unknown,
      by = client,
    ): Promise<T> => {
      const answer = await by.request<T>(method, path, body)
      if (answer.status === 429 || answer.status === 503) throw new Refused()
      if (answer.status !== status)
        throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
      return answer.body
    }
    switch (kind) {
      case 'search':
        await ask(200, 'POST', '/v1/search', { query: `heron dawn ${n % 7}`, limit: 10 })
        return
      case 'read':
        await ask(200, 'GET', `/v1/documents/${document}/pages/1`)
        return
      case 'list':
        await ask(200, 'GET', '/v1/documents?limit=20')
        return
      case 'document': {
        const text = `# Note ${n}\n\nThe ${n}th note of today says that the tide of ${n} came late.\n`
        const { id } = await client.upload(`note-${n}.md`, new TextEncoder().encode(text))
        const { status } = await client.settled(id)
        if (status !== 'ready') throw new Error(`the note is ${status}`)
        await ask(204, 'DELETE', `/v1/documents/${id}`)
        return
      }
      case 'chat': {
        const path = '/v1/conversations'
        const { conversation_id: id } = await ask<{ conversation_id: string }>(
          200,
          'POST',
          '/v1/chat',
          { message },
        )
        await ask(204, 'DELETE', `${path}/${id}`)
        return
      }
      case 'key': {
        const { id } = await ask<{ id: string }>(201, 'POST', '/v1/keys', { name: `key ${n}` })
        await ask(204, 'DELETE', `/v1/keys/${id}`)
        return
      }
      case 'export': {
        const headers = { authorization: `Bearer ${token}` }
        const response = await fetch(`${this.#url}/v1/export`, { headers })
        const { byteLength } = await response.arrayBuffer()
        if (response.status === 429 || response.status === 503) throw new Refused()
        if (!response.ok || byteLength === 0) throw new Error(`export: ${response.status}`)
        return
      }
      case 'snapshot': {
        const path = `/admin/v1/tenants/${user}/snapshots`
        const { name } = await ask<{ name: string }>(201, 'POST', path, undefined, this.#operator)
        await ask(204, 'DELETE', `${path}/${name}`, undefined, this.#operator)
        return
      }
    }
  }
}

class Refused extends Error {}

async function arrive(url: string, at: number): Promise<Person> {
  const user = `soak-${at}`
  const token = await signToken(secret, user)
  const client = new Client(url, token)
  const { id } = await client.upload('harbour.md', new TextEncoder().encode(standing))
  const { status } = await client.settled(id)
  if (status !== 'ready') throw new Error(`the document of ${user} is ${status}`)
  return { user, token, client, document: id, isBusy: false }
}

function kindOf(random: number): Kind {
  let left = random * sum
  for (const [kind, share] of Object.entries(shares) as [Kind, number][]) {
    left -= share
    if (left < 0) return kind
  }
  return 'search'
}
