/** DOCX and ODT: styles, numbers, tables, notes, boxes, pages. */
import { expect, test } from 'vitest'
import { extractDocx } from '../../../src/ingest/extract/docx.ts'
import { extractOdt } from '../../../src/ingest/extract/odt.ts'
import { writeDocx, writeOdt } from '../../fixtures/formats/documents.ts'
import { headingsOf, readAll } from '../../fixtures/formats/reading.ts'

const p = (text: string, properties = '') =>
  `<w:p><w:pPr>${properties}</w:pPr><w:r><w:t>${text}</w:t></w:r></w:p>`
const item = (text: string, level: number, list = 1) =>
  p(text, `<w:numPr><w:ilvl w:val="${level}"/><w:numId w:val="${list}"/></w:numPr>`)

const styles =
  '<w:style w:styleId="h1"><w:name w:val="heading 1"/><w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>' +
  '<w:style w:styleId="mine"><w:name w:val="My Heading"/><w:basedOn w:val="h2"/></w:style>' +
  '<w:style w:styleId="h2"><w:name w:val="whatever"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
const numbering =
  '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/><w:lvlText w:val="%1)"/></w:lvl><w:lvl w:ilvl="1"><w:numFmt w:val="lowerRoman"/><w:lvlText w:val="%1.%2"/></w:lvl><w:lvl w:ilvl="2"><w:numFmt w:val="bullet"/><w:lvlText w:val="x"/></w:lvl></w:abstractNum>' +
  '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:start w:val="4"/><w:numFmt w:val="upperLetter"/><w:lvlText w:val="%1."/></w:lvl></w:abstractNum>' +
  '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'

test('headings by style, numbers as Word counts them', async () => {
  const body =
    p('One', '<w:pStyle w:val="h1"/>') +
    item('first', 0) +
    item('inner', 1) +
    item('point', 2) +
    item('inner again', 1) +
    item('second', 0) +
    item('inner anew', 1) +
    p('Two', '<w:pStyle w:val="h1"/>') +
    p('Deeper', '<w:pStyle w:val="mine"/>') +
    p('Plain')
  const read = await readAll(extractDocx, writeDocx(body, { styles, numbering, title: 'Named' }))
  expect(read.text.split('\n\n')).toEqual([
    'D. One',
    '1) first\n  1.i inner\n    - point\n  1.ii inner again\n2) second\n  2.i inner anew',
    'E. Two',
    'Deeper',
    'Plain',
  ])
  expect(headingsOf(read).map(([level, title]) => [level, title])).toEqual([
    [1, 'D. One'],
    [1, 'E. Two'],
    [2, 'Deeper'],
  ])
  expect(read.end.title).toBe('Named')
})

test('tables, notes and boxes', async () => {
  const cell = (text: string) => `<w:tc>${p(text)}</w:tc>`
  const box = `<w:txbxContent>${p('In the box')}</w:txbxContent>`
  const body =
    `<w:tbl><w:tr>${cell('a')}${cell('b')}</w:tr><w:tr>${cell('1')}${cell('2')}</w:tr></w:tbl>` +
    '<w:p><w:r><w:t>Said</w:t></w:r><w:r><w:footnoteReference w:id="7"/></w:r><w:r><w:t xml:space="preserve"> so.</w:t></w:r>' +
    `<w:r><mc:AlternateContent><mc:Choice>${box}</mc:Choice><mc:Fallback>${box}</mc:Fallback></mc:AlternateContent></w:r></w:p>` +
    '<w:p><w:del><w:r><w:delText>gone</w:delText><w:t>gone</w:t></w:r></w:del><w:ins><w:r><w:t>kept</w:t></w:r></w:ins><w:r><w:instrText>PAGE</w:instrText></w:r><w:r><w:tab/><w:t>end</w:t></w:r></w:p>'
  const footnotes = `<w:footnote w:type="separator" w:id="0">${p('-')}</w:footnote><w:footnote w:id="7">${p('The source.')}</w:footnote>`
  const { text, pages } = await readAll(extractDocx, writeDocx(body, { footnotes }))
  expect(text.split('\n\n')).toEqual([
    'a | b\n1 | 2',
    'Said[1] so.',
    '[1] The source.',
    'In the box',
    'kept\tend',
  ])
  expect(pages[0]?.wholes).toEqual([{ start: 0, end: 11 }])
})

test('pages end where the program that saved the file ended them', async () => {
  const row = (text: string) =>
    `<w:tr><w:tc><w:p><w:r><w:lastRenderedPageBreak/><w:t>${text}</w:t></w:r></w:p></w:tc><w:tc>${p('y')}</w:tc></w:tr>`
  const body =
    p('one') +
    '<w:p><w:r><w:t>begins</w:t></w:r><w:r><w:lastRenderedPageBreak/><w:t>goes on</w:t></w:r></w:p>' +
    '<w:p><w:r><w:br w:type="page"/></w:r></w:p><w:p><w:r><w:lastRenderedPageBreak/><w:t>three</w:t></w:r></w:p>' +
    p('four', '<w:pageBreakBefore/>') +
    p('end of section', '<w:sectPr/>') +
    p('same page', '<w:sectPr><w:type w:val="continuous"/></w:sectPr>') +
    `<w:tbl>${row('x1')}${row('x2')}</w:tbl><w:sectPr/>`
  const { pages } = await readAll(extractDocx, writeDocx(body))
  expect(pages.map(({ text }) => text)).toEqual([
    'one\n\nbegins',
    'goes on',
    'three',
    'four\n\nend of section',
    'same page\n\nx1 | y',
    'x2 | y',
  ])
})

test('what is no DOCX says what it is', async () => {
  const compound = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(2_000)])
  await expect(readAll(extractDocx, compound)).rejects.toMatchObject({ code: 'unsupported' })
  compound.write('EncryptedPackage', 1_000, 'utf16le')
  await expect(readAll(extractDocx, compound)).rejects.toMatchObject({ code: 'password_required' })
  await expect(readAll(extractDocx, writeOdt(''))).rejects.toMatchObject({ code: 'damaged' })
})

test('an ODT has headings, lists, tables, notes and pages', async () => {
  const odtStyles =
    '<style:style style:name="P1"><style:paragraph-properties fo:break-before="page"/></style:style>' +
    '<text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1"/></text:list-style>'
  const cell = (text: string) => `<table:table-cell><text:p>${text}</text:p></table:table-cell>`
  const body =
    '<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>' +
    '<text:h text:outline-level="2">Head</text:h>' +
    '<text:p>Spaced<text:s text:c="3"/>out<text:line-break/>line<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Below.</text:p></text:note-body></text:note> end<office:annotation><text:p>comment</text:p></office:annotation></text:p>' +
    '<text:list text:style-name="L1"><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>inner</text:p></text:list-item></text:list></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>' +
    `<table:table><table:table-row>${cell('a')}${cell('b')}</table:table-row><table:table-row>${cell('1')}${cell('2')}</table:table-row></table:table>` +
    '<text:p text:style-name="P1">New page<draw:frame><draw:text-box><text:p>Boxed</text:p></draw:text-box></draw:frame></text:p>' +
    '<text:p>cut<text:soft-page-break/>here</text:p><text:p><text:s text:c="999999999"/>x</text:p>'
  const read = await readAll(extractOdt, writeOdt(body, odtStyles))
  expect(read.pages.map(({ text }) => text.split('\n\n'))).toEqual([
    [
      'Head',
      'Spaced   out\nline[1] end',
      '[1] Below.',
      '1. one\n  - inner\n2. two',
      'a | b\n1 | 2',
    ],
    ['New page', 'Boxed', 'cut'],
    ['here', 'x'],
  ])
  expect(read.end).toMatchObject({ title: 'An ODT', outline: [{ title: 'Head', level: 2 }] })
})

test('an encrypted ODT asks for its password', async () => {
  const manifest = '<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>'
  await expect(readAll(extractOdt, writeOdt('', '', manifest))).rejects.toMatchObject({
    code: 'password_required',
  })
})
