/** Reading tar: what our writer writes comes back in any chunks, and everything else is refused with its reason. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { tarEnd, tarHeader, tarPadding } from '../../src/http/tar.ts'
import { readTar } from '../../src/http/tar-reader.ts'

const fileArbitrary = fc.record({
  path: fc.stringMatching(/^[\x21-\x7e]{1,100}$/),
  content: fc.uint8Array({ maxLength: 2_000 }),
})

test('what is written is read, however it is cut into pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fileArbitrary, { maxLength: 5 }),
      fc.integer({ min: 1, max: 3_000 }),
      fc.boolean(),
      async (files, size, isRead) => {
        const tar = Buffer.concat([
          ...files.flatMap(({ path, content }) => [
            tarHeader({ path, bytes: content.length, mtimeMs: 0 }),
            content,
            tarPadding(content.length),
          ]),
          tarEnd,
        ])
        const found: unknown[] = []
        for await (const { path, bytes, content } of readTar(cut(tar, size))) {
          const parts: Buffer[] = []
          if (isRead) for await (const part of content) parts.push(Buffer.from(part))
          found.push({ path, bytes, content: isRead ? [...Buffer.concat(parts)] : [] })
        }
        expect(found).toEqual(
          files.map(({ path, content }) => ({
            path,
            bytes: content.length,
            content: isRead ? [...content] : [],
          })),
        )
      },
    ),
    { numRuns: 60 },
  )
})

test('a tar with one bit turned in a header, or cut anywhere, is refused or says the same', async () => {
  const content = Buffer.from('words')
  const header = tarHeader({ path: 'app.db', bytes: content.length, mtimeMs: 0 })
  const tar = Buffer.concat([header, content, tarPadding(content.length), tarEnd])
  await fc.assert(
    fc.asyncProperty(fc.nat(511), fc.nat(7), fc.nat(tar.length - 1), async (at, bit, end) => {
      const spoilt = Buffer.from(tar)
      spoilt[at] = (spoilt[at] ?? 0) ^ (1 << bit)
      await expect(all(tar.subarray(0, end))).rejects.toThrow(refusal)
      // A zero for a space behind the checksum, or a space for a zero before it: it is read as it was.
      const found = await all(spoilt).catch((error: Error) => error.message)
      if (typeof found === 'string') expect(found).toMatch(refusal)
      else expect(found).toEqual([{ path: 'app.db', text: 'words' }])
    }),
    { numRuns: 300, examples: [[154, 5, 0]] },
  )
})

const refusal = /^The archive was refused: .+\.$/

async function all(bytes: Buffer): Promise<{ path: string; text: string }[]> {
  const files: { path: string; text: string }[] = []
  for await (const { path, content } of readTar(cut(bytes, 700))) {
    let text = ''
    for await (const part of content) text += String(part)
    files.push({ path, text })
  }
  return files
}

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
