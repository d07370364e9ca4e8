/** The users of the overload bench: a library each, and what they ask of it, mixed as an application asks. */
import { Client, signToken } from '../lib/client.ts'
import { generatedCollection } from '../lib/generated.ts'
import { seededRandom } from '../lib/random.ts'
import { wireBytes } from '../lib/wire.ts'
import { fillLibrary } from '../neighbour/libraries.ts'

export const secret = 'the overload bench signs its own tokens with this'
/** Of a hundred requests; the rest are small reads. */
const percent = { search: 45, list: 20, write: 5 }
const requestsOfUser = 100

/** @returns whole requests of all users, in the order in which they are sent */
export async function makeUsers(
  url: string,
  users: number,
  passages: number,
): Promise<Uint8Array[]> {
  const queries = generatedCollection(1).queries.map(({ text }) => text)
  const random = seededRandom(5)
  const all = await Promise.all(
    Array.from({ length: users }, async (_, at) => {
      const token = await signToken(secret, `user-${at}`)
      const client = new Client(url, token)
      await fillLibrary(client, passages, at)
      const [document] = await client.documents()
      if (!document) throw new Error('the library is empty')
      return { token, path: `/v1/documents/${document.id}` }
    }),
  )
  return Array.from({ length: users * requestsOfUser }, (_, n) => {
    const { token, path } = all[n % users] as (typeof all)[number]
    const kind = random() * 100
    if (kind < percent.search) {
      const query = queries[Math.floor(random() * queries.length)]
      return wireBytes({ ...post, token, body: JSON.stringify({ query, limit: 10 }) })
    }
    if (kind < percent.search + percent.list)
      return wireBytes({ method: 'GET', path: '/v1/documents?limit=20', token })
    if (kind < percent.search + percent.list + percent.write)
      return wireBytes({ method: 'PATCH', path, token, body: JSON.stringify({ tags: [`t${n}`] }) })
    return wireBytes({ method: 'GET', path, token })
  })
}

const post = { method: 'POST', path: '/v1/search' }
