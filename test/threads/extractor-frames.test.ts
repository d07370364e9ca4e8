/** Frames between server and reader: whatever way a pipe cuts them, they come out as they went in. */
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  decodeFrames,
  encodeFrame,
  encodeJson,
  frameBytesMax,
} from '../../src/threads/extractor-frames.ts'
import { childMessage } from '../../src/threads/extractor-messages.ts'

async function decode(chunks: readonly Buffer[]): Promise<Buffer[]> {
  const bodies: Buffer[] = []
  for await (const body of decodeFrames(Readable.from(chunks, { objectMode: true })))
    bodies.push(body)
  return bodies
}

test('frames survive any cutting', async () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(bodies, fc.array(fc.integer({ min: 1, max: 20 })), async (sent, cuts) => {
      const stream = Buffer.concat(sent.map(encodeFrame))
      const chunks: Buffer[] = []
      let at = 0
      for (const length of cuts) {
        if (at < stream.length) chunks.push(stream.subarray(at, at + length))
        at += length
      }
      if (at < stream.length) chunks.push(stream.subarray(at))
      expect((await decode(chunks)).map((body) => [...body])).toEqual(sent.map((body) => [...body]))
    }),
  )
})

test('a frame that is cut off, or claims to be endless, is refused', async () => {
  await expect(
    decode([Buffer.from(encodeFrame(Buffer.from('whole'))).subarray(0, 6)]),
  ).rejects.toThrow(RangeError)
  const header = Buffer.alloc(4)
  header.writeUInt32LE(frameBytesMax + 1)
  await expect(decode([header])).rejects.toThrow(RangeError)
})

test('a message goes over and is understood', async () => {
  const message = { type: 'read', position: 7, length: 9 } as const
  const [body] = await decode([Buffer.from(encodeJson(message))])
  expect(childMessage.parse(JSON.parse(body?.toString() ?? ''))).toEqual(message)
})
