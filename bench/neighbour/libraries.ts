/** The libraries of the neighbours: generated notes, every file of its own words. */
import type { Client } from '../lib/client.ts'
import { generatedCollection } from '../lib/generated.ts'
import { seededRandom } from '../lib/random.ts'

const sectionsPerFile = 250
const lookMs = 200

/** Brings a library of so many passages and waits until all of it is read and has its vectors. */
export async function fillLibrary(client: Client, passages: number, seed: number): Promise<void> {
  const { documents } = generatedCollection(passages)
  for (let at = 0; at < passages; at += sectionsPerFile) {
    const sections = documents
      .slice(at, at + sectionsPerFile)
      .map(({ title, text }) => `## ${title}\n\n${text}\n`)
    const text = `# File ${seed} ${at}\n\n${sections.join('\n')}`
    const { id } = await client.upload(`file-${seed}-${at}.md`, new TextEncoder().encode(text))
    const { status, error } = await client.settled(id)
    if (status === 'failed') throw new Error(`not read: ${error?.detail}`)
  }
  for (;;) {
    const { body } = await client.request<{ vectors: { pending: number } }>('GET', '/v1/me')
    if (!(body.vectors.pending > 0)) return
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
}

/** Twenty pages that nobody brought before. */
export function saltedNotes(seed: number): string {
  const random = seededRandom(seed + 1)
  const word = (): string => Math.floor(random() * 36 ** 4).toString(36)
  const section = (at: number): string =>
    `## Part ${at} of ${seed}\n\n${Array.from({ length: 300 }, word).join(' ')}.\n`
  return `# Flood ${seed}\n\n${Array.from({ length: 20 }, (_, at) => section(at)).join('\n')}`
}
