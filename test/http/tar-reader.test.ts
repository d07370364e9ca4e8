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

test('a tar with one bit turned in a header, or cut anywhere, is refused', async () => {
  const content = Buffer.from('words')
  const header = tarHeader({ path: 'app.db', bytes: content.length, mtimeMs: 0 })
  const tar = Buffer.concat([header, content, tarPadding(content.length), tarEnd])
  await fc.assert(
    fc.asyncProperty(fc.nat(511), fc.nat(7), fc.nat(tar.length - 1), async (at, bit, end) => {
      const spoilt = Buffer.from(tar)
      spoilt[at] = (spoilt[at] ?? 0) ^ (1 << bit)
      for (const bytes of [spoilt, tar.subarray(0, end)])
        await expect(all(bytes)).rejects.toThrow(/^The archive was refused: .+\.$/)
    }),
    { numRuns: 300 },
  )
})

async function all(bytes: Buffer): Promise<void> {
  for await (const { content } of readTar(cut(bytes, 700))) for await (const _part of content);
}

async function* cut(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
