/** CSV, TSV and JSON Lines: rows that are understood on their own. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { extractCsv } from '../../../src/ingest/extract/csv.ts'
import { extractJsonLines } from '../../../src/ingest/extract/jsonl.ts'
import { readAll } from '../../fixtures/formats/reading.ts'

test('rows stand under the names of their columns, on each page', async () => {
  const rows = Array.from({ length: 400 }, (_, i) => `"Miller; ${i}";"K ""am"" R";${i}\r\n`)
  const { pages } = await readAll(extractCsv, `\ufeffName;Town;Age\r\n${rows.join('')}`)
  expect(pages.length).toBeGreaterThan(2)
  for (const { text, wholes } of pages) {
    expect(text).toMatch(/^Name \| Town \| Age\nMiller; \d+ \| K "am" R \| \d+/)
    for (const { start, end } of wholes) expect(end - start).toBeLessThan(2_000)
  }
})

test.each([
  ['a,b\n1,2\n', 'a | b\n1 | 2'],
  ['a\tb\n1\t2,5\n', 'a | b\n1 | 2,5'],
  ['1;2\n3;4\n', '1 | 2\n3 | 4'],
  ['a|b\n1|x, y, z\n', 'a | b\n1 | x, y, z'],
  ['only\none\ncolumn\n', 'only\none\ncolumn'],
])('the delimiter of %j', async (source, expected) => {
  expect((await readAll(extractCsv, source)).text).toBe(expected)
})

test('wide records get a line for each cell', async () => {
  const long = 'many words '.repeat(30).trim()
  const { text } = await readAll(
    extractCsv,
    `id,story,remark\n1,"${long}\nand more",\n2,${long},x\n`,
  )
  expect(text).toBe(`id: 1\nstory: ${long}\n  and more\n\nid: 2\nstory: ${long}\nremark: x`)
})

test('a quote that is never closed does not swallow the table', async () => {
  const { text, end } = await readAll(extractCsv, `a,b\n1,"open\n${'2,3\n'.repeat(400_000)}`)
  expect(text).toContain('1 | "open\n2 | 3')
  expect(end.warnings).toEqual([])
})

test('one endless line is read as text', async () => {
  const { text, end } = await readAll(extractCsv, 'x,'.repeat(2_000_000))
  expect(text.replace(/\s/g, '')).toHaveLength(4_000_000)
  expect(end.warnings[0]).toContain('plain text')
})

test('uneven rows are counted', async () => {
  const { end } = await readAll(extractCsv, 'a,b\n1,2\n3\n4,5,6\n')
  expect(end.warnings).toEqual(['2 of 4 rows do not have as many cells as the first one.'])
})

test('records are flattened, broken lines counted', async () => {
  const { text, end } = await readAll(
    extractJsonLines,
    [
      '{"title":"T","tags":["a","b"],"meta":{"x":{"y":1,"z":null}},"items":[{"n":1},{"n":2}]}',
      '{broken',
      '',
      '"just text"',
      '{"empty":{}}',
    ].join('\r\n'),
  )
  expect(text).toBe('title: T\ntags: a, b\nmeta.x.y: 1\nitems[1].n: 1\nitems[2].n: 2\n\njust text')
  expect(end.warnings).toEqual(['1 of 4 lines are not JSON and were left out.'])
})

test('lines that are too long or too deep do no harm', async () => {
  const { text, end } = await readAll(
    extractJsonLines,
    `{"a":"${'x'.repeat(5_000_000)}"}\n${'['.repeat(100_000)}\n{"a":${'['.repeat(500)}1${']'.repeat(500)}}\n{"b":2}\n`,
  )
  expect(text).toBe('b: 2')
  expect(end.warnings).toHaveLength(2)
  await expect(readAll(extractJsonLines, 'no\njson\n')).rejects.toMatchObject({ code: 'damaged' })
})

test('every value of any JSON stands in the text', async () => {
  const word = fc.stringMatching(/^[a-z]{1,8}$/)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.dictionary(word, word, { minKeys: 1 }), { minLength: 1 }),
      async (records) => {
        const lines = records.map((record) => JSON.stringify(record)).join('\n')
        const { text } = await readAll(extractJsonLines, lines)
        for (const record of records)
          for (const [key, value] of Object.entries(record))
            expect(text).toContain(`${key}: ${value}`)
      },
    ),
    { numRuns: 50 },
  )
})
