/** PDF: reading order, words, labels, outline, and what cannot be read. */
import { expect, test } from 'vitest'
import { createPdfExtractor } from '../../src/ingest/extract/pdf.ts'
import { breakLines, column, textWidth, writePdf } from '../fixtures/pdf.ts'
import { allPages, inputOf } from '../fixtures/source.ts'

const extractPdf = createPdfExtractor()

const prose =
  'The reading room was quiet that morning and the rain went on against the tall windows while nobody spoke above a whisper and the clock in the hall struck the hours one after another as it had done for a hundred years'
const otherProse =
  'Down in the cellar the bookbinder kept her tools in a row and every one of them had belonged to somebody before her so that the handles were dark with use and the blades had grown thin from so much sharpening over time'

async function textOf(bytes: Uint8Array): Promise<string[]> {
  const pages = await allPages(await extractPdf(inputOf(bytes)))
  return pages.map(({ text }) => text)
}

function failureOf(bytes: Uint8Array): Promise<unknown> {
  return extractPdf(inputOf(bytes))
    .then(allPages)
    .catch((error: unknown) => error)
}

test('pages carry their number and their printed label', async () => {
  const texts = ['one', 'two', 'three', 'four'].map((text) => ({ texts: column([text]) }))
  const bytes = writePdf({
    pages: texts,
    labels: [
      { from: 0, style: 'r' },
      { from: 2, style: 'D' },
    ],
  })
  const pages = await allPages(await extractPdf(inputOf(bytes)))
  expect(pages.map(({ number, label, text }) => [number, label, text])).toEqual([
    [1, 'i', 'one'],
    [2, 'ii', 'two'],
    [3, '1', 'three'],
    [4, '2', 'four'],
  ])
})

test('a document without labels has none', async () => {
  const pages = await allPages(
    await extractPdf(inputOf(writePdf({ pages: [{ texts: column(['a']) }] }))),
  )
  expect(pages[0]?.label).toBeNull()
})

test('the outline gives levels, pages and headings where their titles stand', async () => {
  const bytes = writePdf({
    title: 'A Test of Outlines',
    pages: [
      { texts: column(['Before it begins.', '', 'CHAPTER ONE', 'It begins here.']) },
      { texts: column(['A Part of it', 'goes on.']) },
    ],
    outline: [{ title: 'Chapter One', page: 0, children: [{ title: 'A part of it', page: 1 }] }],
  })
  const extraction = await extractPdf(inputOf(bytes))
  const pages = await allPages(extraction)
  expect(extraction.end()).toMatchObject({
    title: 'A Test of Outlines',
    outline: [
      { title: 'Chapter One', level: 1, page: 1 },
      { title: 'A part of it', level: 2, page: 2 },
    ],
  })
  const [heading] = pages[0]?.headings ?? []
  expect(pages[0]?.text.slice(heading?.at)).toMatch(/^CHAPTER ONE\n/)
  expect(pages[1]?.headings).toEqual([{ at: 0, level: 2, title: 'A part of it' }])
})

test('two columns are read one after the other, whatever the order of the commands', async () => {
  const left = breakLines(prose, 11, 200)
  const right = breakLines(otherProse, 11, 200)
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, row) => [
    ...column([left[row] ?? ''], { x: 72, y: 700 - row * 14 }),
    ...column([right[row] ?? ''], { x: 310, y: 700 - row * 14 }),
  ]).flat()
  const title = [{ x: 150, y: 760, size: 16, text: 'A Title across Both of the Columns Here' }]
  const [text = ''] = await textOf(writePdf({ pages: [{ texts: [...rows, ...title] }] }))
  const words = text.replace(/\s+/g, ' ')
  expect(words).toBe(`A Title across Both of the Columns Here ${prose} ${otherProse}`)
})

test('rows of a table stay together', async () => {
  const names = ['Oak', 'Ash', 'Elm', 'Fir', 'Yew']
  const texts = names.flatMap((name, row) => [
    { x: 72, y: 700 - row * 14, size: 11, text: name },
    { x: 200, y: 700 - row * 14, size: 11, text: `${row + 1}0` },
    { x: 300, y: 700 - row * 14, size: 11, text: `${row + 1}00` },
  ])
  const [text = ''] = await textOf(writePdf({ pages: [{ texts }] }))
  expect(text.split('\n').map((line) => line.split(/\s+/))).toEqual(
    names.map((name, row) => [name, `${row + 1}0`, `${row + 1}00`]),
  )
})

test('a divided word is joined, a compound of the document keeps its hyphen', async () => {
  const lines = ['A well-known case, for exam-', 'ple, is a well-', 'known one.']
  expect(await textOf(writePdf({ pages: [{ texts: column(lines) }] }))).toEqual([
    'A well-known case, for example, is a well-known one.',
  ])
})

test('a paragraph that the layout shows is a blank line', async () => {
  const texts = [
    ...column(['First paragraph, first line,', 'and second line.']),
    ...column(['Second paragraph, first line,', 'and second line.'], { y: 728 }),
  ]
  expect(await textOf(writePdf({ pages: [{ texts }] }))).toEqual([
    'First paragraph, first line,\nand second line.\n\nSecond paragraph, first line,\nand second line.',
  ])
})

test.each([
  [90, '0 1 -1 0'],
  [180, '-1 0 0 -1'],
  [270, '0 -1 1 0'],
] as const)('text turned by %i degrees is read in its own direction', async (_, matrix) => {
  const [a, b] = matrix.split(' ').map(Number)
  const lines = ['turned text goes', 'line after line', 'to its end']
  const commands = lines
    .map((line, row) => {
      const x = 300 + (b ?? 0) * row * 14
      const y = 400 - (a ?? 0) * row * 14
      return `BT /F1 11 Tf ${matrix} ${x} ${y} Tm (${line}) Tj ET`
    })
    .join('\n')
  expect(await textOf(writePdf({ pages: [{ commands }] }))).toEqual([lines.join('\n')])
})

test.each(['before', 'after'])(
  'an accent drawn %s its letter becomes that letter',
  async (order) => {
    const at = 72 + textWidth('Universit', 20)
    const accent = `BT /F1 20 Tf 1 0 0 1 ${at + 1} 700 Tm (\\250) Tj ET`
    const rest = `BT /F1 20 Tf 1 0 0 1 ${at} 700 Tm (at) Tj ET`
    const commands = [
      'BT /F1 20 Tf 1 0 0 1 72 700 Tm (Universit) Tj ET',
      ...(order === 'before' ? [accent, rest] : [rest, accent]),
    ].join('\n')
    expect(await textOf(writePdf({ pages: [{ commands }] }))).toEqual(['Universität'])
  },
)

test('pictures alone give pages without text', async () => {
  expect(await textOf(writePdf({ pages: [{ hasPicture: true }, { hasPicture: true }] }))).toEqual([
    '',
    '',
  ])
})

test('a locked document asks for its password, and one that opens without is read', async () => {
  const pages = [{ texts: column(['secret']) }]
  for (const cipher of ['rc4', 'aes'] as const) {
    const locked = writePdf({ pages, encryption: { password: 'sesame', cipher } })
    expect(await failureOf(locked)).toMatchObject({
      code: 'password_required',
      message: expect.stringContaining('password'),
    })
    const open = writePdf({ pages, encryption: { password: '', cipher } })
    expect(await textOf(open)).toEqual(['secret'])
  }
})

test.each([
  ['nothing but a header', '%PDF-1.7\n'],
  ['noise', `%PDF-1.4\n${'\x01\x02\x03'.repeat(500)}`],
])('%s is damaged', async (_, content) => {
  expect(await failureOf(Buffer.from(content, 'latin1'))).toMatchObject({ code: 'damaged' })
})

test('more pages than allowed are refused before they are read', async () => {
  const pages = Array.from({ length: 5 }, () => ({ texts: column(['text']) }))
  const error = await extractPdf(inputOf(writePdf({ pages }), { pagesMax: 4 })).catch(
    (e: unknown) => e,
  )
  expect(error).toMatchObject({ code: 'too_many_pages' })
})

test('a form that draws itself comes to an end', async () => {
  const forms = { Self: '/Self Do BT /F1 11 Tf 1 0 0 1 72 700 Tm (once) Tj ET' }
  const [text = ''] = await textOf(writePdf({ pages: [{ commands: '/Self Do' }], forms }))
  expect(text).toMatch(/once/)
})

test('forms that multiply use up the memory allowed to them, and the next document is read', async () => {
  const forms = { A: '/B Do /B Do', B: '/C Do /C Do', C: '/A Do BT /F1 9 Tf (deep) Tj ET' }
  const bomb = writePdf({ pages: [{ commands: '/A Do' }], forms })
  expect(await failureOf(bomb)).toMatchObject({ code: 'out_of_memory' })
  expect(await textOf(writePdf({ pages: [{ texts: column(['alive']) }] }))).toEqual(['alive'])
})

test('what the library must never hold is not in the text', async () => {
  const commands = 'BT /F1 11 Tf 1 0 0 1 72 700 Tm (be\\000fore\\001\\002after) Tj ET'
  const [text = ''] = await textOf(writePdf({ pages: [{ commands }] }))
  expect(text).not.toMatch(/\p{Cc}/u)
  expect(text).toContain('after')
})
