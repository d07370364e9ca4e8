/** The ZIP layer: names, limits, and archives that lie. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSafeName } from '../../../src/ingest/archive/entry-name.ts'
import { ZipArchive } from '../../../src/ingest/archive/zip.ts'
import { ExtractError } from '../../../src/ingest/contract.ts'
import { writeZip, type ZipPart } from '../../fixtures/formats/zip.ts'
import { sourceOf } from '../../fixtures/source.ts'

async function open(parts: readonly ZipPart[]): Promise<ZipArchive> {
  return await ZipArchive.open(sourceOf(writeZip(parts)), 'ZIP')
}

async function text(archive: ZipArchive, name: string): Promise<string> {
  return (await archive.bytes(name, 1_000_000)).toString()
}

test('entries are found by name, deflated or stored, in any case', async () => {
  const archive = await open([
    { name: 'a/One.txt', data: 'first' },
    { name: 'two', data: 'second', isStored: true },
    { name: 'e\u0301', data: 'composed' },
  ])
  expect(await text(archive, 'a/One.txt')).toBe('first')
  expect(archive.find('A/one.TXT')).toBe('a/One.txt')
  expect(await text(archive, 'two')).toBe('second')
  expect(archive.find('\u00e9')).toBe('\u00e9')
  expect(await text(archive, 'e\u0301')).toBe('composed')
  expect(archive.find('three')).toBeUndefined()
})

test('of two entries with one name the first counts, exact names before folded ones', async () => {
  const archive = await open([
    { name: 'x', data: 'first' },
    { name: 'x', data: 'second' },
    { name: 'content_ss', data: 'plain' },
    { name: 'content_ß', data: 'sharp' },
  ])
  expect(await text(archive, 'x')).toBe('first')
  expect(await text(archive, 'content_ß')).toBe('sharp')
  expect(await text(archive, 'content_SS')).toBe('plain')
  expect(archive.ignored).toBe(1)
})

test.each(['../x', 'a/../../x', '/etc/passwd', 'C:/x', 'a\0b', '..\\x', '\\x', ''])(
  'the name %j is not an entry',
  async (name) => {
    const archive = await open([
      { name, data: 'no' },
      { name: 'ok', data: 'yes' },
    ])
    expect(archive.ignored).toBe(1)
    expect(archive.find(name)).toBeUndefined()
    expect(await text(archive, 'ok')).toBe('yes')
  },
)

test('no safe name leaves its archive', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('..', '.', 'a', '', 'C:', '\\')), (segments) => {
      const name = segments.join('/')
      if (!isSafeName(name)) return
      const path = new URL(name, 'file:///base/inside/').pathname
      expect(path.startsWith('/base/inside/')).toBe(true)
    }),
  )
})

test('names in code page 437 and links', async () => {
  const archive = await open([
    { name: Buffer.from('caf\x82', 'latin1'), data: 'dos', flags: 0 },
    { name: 'link', data: '/etc/passwd', mode: 0o120777 },
    { name: 'folder/', data: '' },
  ])
  expect(await text(archive, 'café')).toBe('dos')
  expect(archive.find('link')).toBeUndefined()
  expect(archive.find('folder/')).toBeUndefined()
})

async function failure(work: Promise<unknown>): Promise<ExtractError> {
  const error = await work.then(
    () => undefined,
    (reason) => reason,
  )
  expect(error).toBeInstanceOf(ExtractError)
  return error as ExtractError
}

test('more entries than a document has are refused before they are read', async () => {
  const parts = Array.from({ length: 20_000 }, (_, i) => ({ name: `${i}`, isStored: true }))
  expect(await failure(open(parts))).toMatchObject({ code: 'unsupported' })
})

test('a bomb that says so is refused when it is opened', async () => {
  const parts = [{ name: 'x', data: Buffer.alloc(40 * 2 ** 20) }]
  expect(await failure(open(parts))).toMatchObject({ code: 'unsupported' })
})

test('a bomb that lies is refused while it unpacks', async () => {
  const archive = await open([{ name: 'x', data: Buffer.alloc(40 * 2 ** 20), claimedBytes: 10 }])
  let bytes = 0
  const unpacked = (async () => {
    for await (const chunk of archive.chunks('x')) bytes += chunk.length
  })()
  expect((await failure(unpacked)).code).toMatch(/damaged|unsupported/)
  expect(bytes).toBeLessThan(17 * 2 ** 20)
})

test('many bombs are one bomb', async () => {
  const noise = Buffer.from(Array.from({ length: 3_000 }, (_, i) => (i * 7919) % 251))
  const data = Buffer.concat([noise, Buffer.alloc(15 * 2 ** 20)])
  const parts = Array.from({ length: 10 }, (_, i) => ({ name: `${i}`, data }))
  const sure = await failure(open(parts))
  expect(sure.code).toBe('unsupported')
})

test('encrypted, changed and missing entries say what they are', async () => {
  const archive = await open([
    { name: 'secret', data: 'x', flags: 0x801 },
    { name: 'changed', data: 'x', crc: 1 },
    { name: 'short', data: 'xyz', claimedBytes: 100 },
  ])
  expect((await failure(archive.bytes('secret', 10))).code).toBe('password_required')
  expect((await failure(archive.bytes('changed', 10))).code).toBe('damaged')
  expect((await failure(archive.bytes('short', 10))).code).toBe('damaged')
  expect((await failure(archive.bytes('none', 10))).code).toBe('damaged')
})

test('an archive cut anywhere is damaged', async () => {
  const whole = writeZip([
    { name: 'a', data: 'some words' },
    { name: 'b', data: 'more words' },
  ])
  for (let length = 0; length < whole.length; length++) {
    const work = ZipArchive.open(sourceOf(whole.subarray(0, length)), 'ZIP')
    expect((await failure(work)).code).toBe('damaged')
  }
})

test('a walk that is left early leaves the archive usable', async () => {
  const archive = await open([{ name: 'a', data: Buffer.alloc(5 * 2 ** 20, 'abc') }])
  for await (const chunk of archive.chunks('a')) if (chunk.length > 0) break
  let bytes = 0
  for await (const chunk of archive.chunks('a')) bytes += chunk.length
  expect(bytes).toBe(5 * 2 ** 20)
})

test('what the source throws is not called damage', async () => {
  const bytes = writeZip([{ name: 'a', data: 'x' }])
  const broken = {
    size: bytes.length,
    read: () => {
      throw new Error('gone')
    },
  }
  await expect(ZipArchive.open(broken, 'ZIP')).rejects.toThrow('gone')
})
