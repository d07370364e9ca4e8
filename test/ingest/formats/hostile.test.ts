/** Documents made to do harm, and documents that came to harm: each is read, or refused with a word for a person. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExtractError } from '../../../src/ingest/contract.ts'
import { extractDocx } from '../../../src/ingest/extract/docx.ts'
import { extractEpub } from '../../../src/ingest/extract/epub.ts'
import { extractHtml } from '../../../src/ingest/extract/html.ts'
import type { Extractor, MarkedPage } from '../../../src/ingest/extraction.ts'
import { epubParts, writeDocx, writeEpub } from '../../fixtures/formats/documents.ts'
import { readAll } from '../../fixtures/formats/reading.ts'
import { specimens } from '../../fixtures/formats/specimens.ts'
import { writeZip } from '../../fixtures/formats/zip.ts'
import { inputOf } from '../../fixtures/source.ts'

/** Reads a document, or tells why not; anything but an ExtractError is a failure of the test. */
async function outcome(extract: Extractor, bytes: Uint8Array): Promise<string> {
  try {
    const { pages } = await readAll(extract, bytes)
    for (const [index, page] of pages.entries()) checkPage(page, index)
    return 'read'
  } catch (error) {
    if (error instanceof ExtractError) return error.code
    throw error
  }
}

function checkPage({ number, text, headings, wholes }: MarkedPage, index: number): void {
  expect(number).toBe(index + 1)
  expect(text.isWellFormed()).toBe(true)
  let from = 0
  for (const { at } of headings) {
    expect(at).toBeGreaterThanOrEqual(from)
    expect(at).toBeLessThanOrEqual(text.length)
    from = at
  }
  let end = 0
  for (const whole of wholes) {
    expect(whole.start).toBeGreaterThanOrEqual(end)
    expect(whole.end).toBeGreaterThan(whole.start)
    end = whole.end
  }
  expect(end).toBeLessThanOrEqual(text.length)
}

test.each(specimens)('$format: whole it is read', async ({ extract, bytes }) => {
  expect(await outcome(extract, bytes)).toBe('read')
})

test.each(specimens)('$format: cut anywhere', async ({ extract, bytes }) => {
  const step = Math.max(1, Math.floor(bytes.length / 300))
  for (let length = 0; length < bytes.length; length += step)
    await outcome(extract, bytes.subarray(0, length))
})

test.each(specimens)('$format: changed anywhere', async ({ extract, bytes }) => {
  const change = fc.record({
    at: fc.nat(bytes.length - 1),
    byte: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('<>&"{}\\;,\n[]/'))),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
      const copy = Buffer.from(bytes)
      for (const { at, byte } of changes) copy[at] = byte
      await outcome(extract, copy)
    }),
    { numRuns: 200 },
  )
})

const laughs =
  '<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'

test('entities that a document defines are never resolved', async () => {
  const page = `<?xml version="1.0"?>${laughs}<html><body><p>Laugh: &c; read: &x; known: &eacute;&#233;</p></body></html>`
  const parts = epubParts([{ name: 'a.xhtml', body: '' }]).map((part) =>
    part.name === 'EPUB/a.xhtml' ? { ...part, data: page } : part,
  )
  const { text } = await readAll(extractEpub, writeZip(parts))
  expect(text).toBe('Laugh: &c; read: &x; known: éé')
  expect((await readAll(extractHtml, page)).text).toBe('Laugh: &c; read: &x; known: éé')
})

test('entities in a package document are text', async () => {
  const parts = epubParts([{ name: 'a.xhtml', body: '<p>Words.</p>' }]).map((part) =>
    part.name === 'EPUB/package.opf'
      ? {
          ...part,
          data: String(part.data).replace('?>', `?>${laughs}`).replace('A Book', 'B &x; &amp; &c;'),
        }
      : part,
  )
  const { end, text } = await readAll(extractEpub, writeZip(parts))
  expect(end.title).toBe('B &x; & &c;')
  expect(text).toBe('Words.')
})

test('archives in archives are not opened', async () => {
  const inner = writeZip([{ name: 'bomb', data: Buffer.alloc(10_000_000) }])
  const epub = writeEpub([{ name: 'a.xhtml', body: '<p>Words.</p>' }], {
    parts: [{ name: 'EPUB/inner.zip', data: inner }],
  })
  expect((await readAll(extractEpub, epub)).text).toBe('Words.')
})

test('a chapter that unpacks to more than a book is refused', async () => {
  const body = 'a'.repeat(30_000_000)
  expect(await outcome(extractEpub, writeEpub([{ name: 'a.xhtml', body }]))).toBe('unsupported')
})

test('text without end is refused', async () => {
  const input = { charactersMax: 10_000 }
  const noise = Array.from({ length: 30_000 }, (_, i) => ((i * 7919) % 26).toString(36)).join('')
  for (const [extract, bytes] of [
    [extractHtml, Buffer.from(`<p>${noise}`)],
    [extractEpub, writeEpub([{ name: 'a.xhtml', body: noise }])],
    [extractDocx, writeDocx(`<w:p><w:r><w:t>${noise}</w:t></w:r></w:p>`)],
  ] as const) {
    const reading = (async () => {
      for await (const _ of (await extract(inputOf(bytes, input))).pages);
    })()
    await expect(reading).rejects.toMatchObject({ code: 'too_much_text' })
  }
})

test.each([
  ['elements', '<b>'.repeat(200_000)],
  ['lists', '<ul><li>'.repeat(400)],
  ['tables', '<table><tr><td>'.repeat(300)],
  ['ends', '</b></p></table>'.repeat(50_000)],
  ['attributes', `<p ${'a=b '.repeat(100_000)}>x`],
  ['an attribute', `<p title="${'x'.repeat(3_000_000)}">x`],
  ['a comment', `<!--${'-'.repeat(3_000_000)}`],
  ['brackets', '<'.repeat(1_000_000)],
  ['references', '&#x41;'.repeat(300_000)],
  ['blanks', `<pre>x${' '.repeat(1_000_000)}x`],
  ['hard blanks', `x${'\u00a0'.repeat(1_000_000)}x`],
  ['raised numbers', `<p>${'x<sup>1</sup>'.repeat(50_000)}`],
])('HTML of nothing but %s ends', async (_, html) => {
  await outcome(extractHtml, Buffer.from(html))
})
