/** What a file is, by its content; the name decides where the content does not. */
import { expect, test } from 'vitest'
import { createExtractors } from '../../../src/ingest/extract/registry.ts'
import { detectMediaType } from '../../../src/ingest/media-type.ts'
import { epubParts, writeDocx, writeEpub, writeOdt } from '../../fixtures/formats/documents.ts'
import { writeZip } from '../../fixtures/formats/zip.ts'

const epub = writeEpub([{ name: 'a.xhtml', body: 'x' }])
const docx = writeDocx('x')
const odt = writeOdt('x')
const noMimetype = writeZip(
  epubParts([{ name: 'a.xhtml', body: 'x' }]).filter(({ name }) => name !== 'mimetype'),
)
const sheet = writeZip([{ name: '[Content_Types].xml' }, { name: 'xl/workbook.xml' }])
const compound = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)])
const rows = 'a,b,c\n1,2,3\n4,5,6\n7,8,9\n1,1,1\n2,2,2\n'

test.each([
  ['an EPUB', epub, 'x.bin', 'epub'],
  ['an EPUB without the first entry', noMimetype, 'x', 'epub'],
  ['a DOCX', docx, 'letter', 'docx'],
  ['a DOCX called a PDF', docx, 'x.pdf', 'docx'],
  ['a DOCX called a book, which the reader of books refuses', docx, 'x.epub', 'epub'],
  ['an ODT', odt, 'x.docx', 'odt'],
  ['an encrypted DOCX', compound, 'x.docx', 'docx'],
  ['a page', Buffer.from('\n<!-- saved from url --><!DOCTYPE HTML><p>x'), 'x.txt', 'html'],
  ['XHTML', Buffer.from('<?xml version="1.0"?>\n<html xmlns="x"><p/></html>'), 'x.xml', 'html'],
  ['XHTML in UTF-16', Buffer.from('\ufeff<!DOCTYPE html><html/>', 'utf16le'), 'x', 'html'],
  ['a piece of HTML', Buffer.from('<div>x</div>'), 'x.htm', 'html'],
  ['Markdown with HTML', Buffer.from('<!-- x -->\n<p align="center">x</p>\n'), 'x.md', 'md'],
  ['RTF', Buffer.from('{\\rtf1 x}'), 'x.doc', 'rtf'],
  ['a table', Buffer.from(rows), 'x.txt', 'csv'],
  ['a table by its name', Buffer.from('one\ntwo\n'), 'x.csv', 'csv'],
  ['a table by tabs', Buffer.from(rows.replaceAll(',', '\t')), 'x.csv', 'tsv'],
  ['prose with commas', Buffer.from('Well, yes, no.\nSo, one, two, three.\nAnd.\n'), 'x', 'txt'],
  [
    'a poem',
    Buffer.from('one, two\nthree, four\nfive, six\nseven, eight\nnine, ten\n'),
    'x',
    'txt',
  ],
  ['Markdown like a table', Buffer.from(rows), 'x.md', 'md'],
  ['JSON Lines', Buffer.from('{"a":1}\n{"a":2}\n{"a":'), 'x.txt', 'jsonl'],
  ['JSON Lines by name', Buffer.from('{"a":1}'), 'x.ndjson', 'jsonl'],
  ['one JSON value', Buffer.from('{"a":\n1}\n'), 'x.json', 'txt'],
] as const)('%s', async (_, bytes, filename, extension) => {
  const type = await detectMediaType(bytes, filename)
  expect(type?.extension).toBe(extension)
  expect(Object.keys(createExtractors())).toContain(type?.mediaType)
})

test('an archive that is no document is an archive of documents', async () => {
  for (const name of ['a.txt', 'word/a.txt', 'xl/b.pdf'])
    expect(await detectMediaType(writeZip([{ name, data: 'x' }]), 'x.zip')).toEqual({
      mediaType: 'application/zip',
      extension: 'zip',
    })
})

test.each([
  ['a JPEG called a book', Buffer.from('\xff\xd8\xff\xe0\0\x10JFIF\0\x01', 'latin1'), 'x.epub'],
  ['a spreadsheet', sheet, 'x.docx'],
  ['an old Word document', compound, 'x.doc'],
  ['other XML', Buffer.from('<?xml version="1.0"?><FictionBook/>'), 'x.fb2'],
  ['a drawing', Buffer.from('<svg xmlns="x"></svg>'), 'x.html.svg'],
])('%s is not readable', async (_, bytes, filename) => {
  expect(await detectMediaType(bytes, filename)).toBeUndefined()
})
