/** An export whose vectors were made by what was learnt from the library itself. */
import { expect, onTestFinished, test } from 'vitest'
import { Client, signToken } from '../../bench/lib/client.ts'
import { startServer } from '../../bench/lib/server.ts'
import { unpack } from '../fixtures/archives.ts'
import { temporaryDirectory } from '../helpers.ts'

const secret = 'a secret of learnt imports, of more than 32 bytes'
/** Two subjects whose words never meet: what occurs with `rigging` is near `mariner` though they share no letter. */
const learntFrom = new TextEncoder().encode(
  Array.from({ length: 240 }, (_, at) => {
    const words =
      at % 2 === 0
        ? `The ${at % 4 === 0 ? 'sailor' : 'mariner'} climbs rigging in gale ${at % 7} with rope. `
        : `The ${at % 4 === 1 ? 'baker' : 'confectioner'} kneads dough at oven ${at % 5} with yeast. `
    return `## Part ${at}\n\n${words.repeat(12)}`
  }).join('\n\n'),
)

test.runIf(process.env['CARREL_LONG'] === '1')(
  'what was learnt from a library comes with its export, and its vectors are taken over as they are',
  {
    timeout: 120_000,
  },
  async () => {
    const server = await startServer(temporaryDirectory(), { JWT_SECRET: secret })
    onTestFinished(async () => void (await server.stop()))
    const client = async (user: string): Promise<Client> =>
      new Client(server.url, await signToken(secret, user))
    const kim = await client('kim')
    await kim.settled((await kim.upload('kim.md', learntFrom)).id)
    const request = async (user: string, method: string, path: string, body?: Buffer) =>
      fetch(server.url + path, {
        method,
        headers: {
          authorization: `Bearer ${await signToken(secret, user)}`,
          ...(body && { 'content-type': 'application/x-tar' }),
        },
        ...(body && { body: new Uint8Array(body) }),
      })
    const exported = async (user: string): Promise<{ archive: Buffer; embedders: string[] }> => {
      const archive = Buffer.from(await (await request(user, 'GET', '/v1/export')).arrayBuffer())
      const manifest = (await unpack(archive)).get('manifest.json')?.toString() ?? ''
      return { archive, embedders: JSON.parse(manifest).embedders }
    }
    const learnt = /^builtin:lsa-/
    // It is learnt from when it has been quiet for a moment.
    const waiting = { timeout: 60_000, interval: 500 }
    await expect
      .poll(async () => (await exported('kim')).embedders, waiting)
      .toEqual([expect.stringMatching(learnt)])
    const { archive, embedders } = await exported('kim')
    const answer = await request('lou', 'POST', '/v1/import', archive)
    const { result } = (await answer.json()) as { result: { passages: number; vectors: number } }
    expect(result.vectors).toBe(result.passages)
    expect(result.passages).toBeGreaterThanOrEqual(200)
    const lou = await client('lou')
    for (const query of ['rope of a sailor', 'yeast'])
      expect(await lou.search(query, 10, 'semantic')).toEqual(
        await kim.search(query, 10, 'semantic'),
      )
    expect((await exported('lou')).embedders).toEqual(embedders)
  },
)
