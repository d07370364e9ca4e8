/** RTF: groups, code pages, notes, tables, what is skipped. */
import { expect, test } from 'vitest'
import { extractRtf } from '../../../src/ingest/extract/rtf.ts'
import { headingsOf, readAll } from '../../fixtures/formats/reading.ts'

async function read(body: string, head = '') {
  const bytes = Buffer.from(`{\\rtf1\\ansi\\ansicpg1252\\deff0 ${head}\\pard ${body}}`, 'latin1')
  return await readAll(extractRtf, bytes)
}

test('code pages by document, by font, and Unicode with its stand-ins', async () => {
  const fonts =
    '{\\fonttbl{\\f0 A;}{\\f1\\fcharset204 B;}{\\f2\\fcharset128 C;}{\\f3\\fcharset255 D;}}'
  const { text } = await read(
    "caf\\'e9 {\\f1\\'cf\\'f0\\'e8} {\\f2\\'83K\\'83\\'8a\\'94\\'c5} {\\f3 \\'81} \\u1087?\\uc2\\u1088\\'a1\\'a2x{\\uc0\\u-10179\\u-8691} \xfc",
    fonts,
  )
  expect(text).toBe('café При ガリ版 ü прx\u{1f60d} ü')
})

test('words and symbols', async () => {
  const { text } = await read(
    'a\\~b \\{c\\} \\\\ d\\_e so\\-ft \\ldblquote q\\rdblquote\\emdash\\line f\\tab g',
  )
  expect(text).toBe('a\u00a0b {c} \\ d-e soft “q”—\nf\tg')
})

test('what is no text is skipped', async () => {
  const { text, end } = await read(
    'a{\\pict\\pngblip 89504e}{\\*\\unknown x}{\\v hidden}{\\field{\\*\\fldinst HYPERLINK "u"}{\\fldrslt link}}{\\upr{ansi}{\\*\\ud uni}}{\\header h}\\bin4 }}}}b{\\*\\shpinst{\\sp{\\sn n}{\\sv v}}{\\shptxt boxed\\par}}\\par',
    '{\\colortbl;\\red0;}{\\*\\generator G;}{\\info{\\title My {\\i long} title}{\\author A}}',
  )
  expect(text.split('\n\n')).toEqual(['alinkunib', 'boxed'])
  expect(end.title).toBe('My long title')
})

test('headings, lists, tables, notes and pages', async () => {
  const all = await read(
    '\\pard\\s1 Head\\par\\pard Text{\\footnote \\chftn  The note.} goes on.\\par{\\listtext\\f0 \\bullet\\tab}one\\par{\\listtext 2.\\tab}two\\par' +
      '\\trowd\\pard\\intbl a\\cell b\\par c\\cell\\row\\pard\\intbl 1\\cell 2\\cell\\row\\pard\\outlinelevel1 Sub\\par\\page\\pard After\\par',
    '{\\stylesheet{\\s0 Normal;}{\\s1 heading 1;}}',
  )
  expect(all.pages.map(({ text }) => text.split('\n\n'))).toEqual([
    ['Head', 'Text[1] goes on.', '[1] The note.', '- one\n2. two', 'a | b c\n1 | 2', 'Sub'],
    ['After'],
  ])
  expect(headingsOf(all).map(([level, title]) => [level, title])).toEqual([
    [1, 'Head'],
    [2, 'Sub'],
  ])
})

test('a file that is cut says so, groups without end are refused', async () => {
  const cut = await readAll(extractRtf, '{\\rtf1 {some \\b words')
  expect(cut.text).toBe('some words')
  expect(cut.end.warnings).toEqual([expect.stringContaining('ends in the middle')])
  await expect(readAll(extractRtf, `{\\rtf1 ${'{'.repeat(5_000)}`)).rejects.toMatchObject({
    code: 'damaged',
  })
  await expect(readAll(extractRtf, 'no rtf')).rejects.toMatchObject({ code: 'damaged' })
})
