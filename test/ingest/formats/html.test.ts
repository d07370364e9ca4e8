/** Saved web pages: the content, the charset, tables and lists. */
import { expect, test } from 'vitest'
import { extractHtml } from '../../../src/ingest/extract/html.ts'
import { headingsOf, readAll } from '../../fixtures/formats/reading.ts'

const paragraph = `<p>${'A sentence with some words, and a comma. '.repeat(12)}</p>`
const site = `<!DOCTYPE html><html><head><title>The Topic – The Site</title><style>.x{}</style></head><body>
  <header><nav><a href="/">Home</a> <a href="/b">Blog</a></nav></header><div class="sidebar"><a href="/1">Popular post</a></div>
  <article><h1>The Topic</h1>${paragraph}<h2>First part</h2>${paragraph}<script>track()</script>
  <table><tr><th>Key</th><th>Value</th></tr><tr><td>one</td><td>1</td></tr></table><h2>Second part</h2>${paragraph}</article>
  <footer>Copyright notice</footer></body></html>`

test('of a saved page the content is read, with its sections', async () => {
  const read = await readAll(extractHtml, site)
  expect(read.end.title).toMatch(/^The Topic/)
  expect(headingsOf(read).map(([, title]) => title)).toEqual(
    expect.arrayContaining(['First part', 'Second part']),
  )
  expect(read.text).toContain('Key | Value\none | 1')
  for (const noise of ['Home', 'Popular', 'Copyright', 'track', '.x{'])
    expect(read.text).not.toContain(noise)
})

test('a page without an article is read whole', async () => {
  const { text, end } = await readAll(
    extractHtml,
    '<title>T</title><nav>menu</nav><h1>Prices</h1><p>Tea: 3<br>Milk: 4<br><br>Next.</p><ol start="3"><li>c<li>d</ol><dl><dt>x<dd>y</dl>',
  )
  expect(text.split('\n\n')).toEqual(['Prices', 'Tea: 3\nMilk: 4', 'Next.', '3. c\n4. d', 'x\n  y'])
  expect(end.title).toBe('T')
})

test('a table that lays out a page is no table', async () => {
  const { text } = await readAll(
    extractHtml,
    '<body><table><tr><td>menu</td><td><h2>News</h2><p>One.</p><p>Two.</p><table><tr><td>a<td>b<tr><td>c<td>d</table></td></tr></table>',
  )
  expect(text.split('\n\n')).toEqual(['menu', 'News', 'One.', 'Two.', 'a | b\nc | d'])
})

test.each([
  ['UTF-8 without a word', Buffer.from('<p>Größe und Übergröße – schön</p>')],
  ['UTF-16 by its mark', Buffer.from('\ufeff<p>Größe und Übergröße – schön</p>', 'utf16le')],
  [
    'windows-1252 as declared',
    Buffer.from('<meta charset="windows-1252"><p>Größe und Übergröße \x96 schön</p>', 'latin1'),
  ],
  [
    'windows-1252 declared as UTF-8',
    Buffer.from(
      `<meta charset=utf-8><p>Größe und Übergröße \x96 schön</p>${'<p>Für alle Mädchen und Söhne.</p>'.repeat(9)}`,
      'latin1',
    ),
  ],
])('characters: %s', async (_, bytes) => {
  expect((await readAll(extractHtml, bytes)).text.split('\n\n')[0]).toBe(
    'Größe und Übergröße – schön',
  )
})

test('tags nested without end are refused, forgotten ends are not', async () => {
  await expect(readAll(extractHtml, '<div>'.repeat(5_000))).rejects.toMatchObject({
    code: 'damaged',
  })
  const { text } = await readAll(extractHtml, `<p>${'<p>x'.repeat(3_000)}`)
  expect(text.match(/x/g)).toHaveLength(3_000)
})

test('a page too large for a tree is read as it is', async () => {
  const { text, end } = await readAll(
    extractHtml,
    `<title>Large</title>${'<p>word word word word</p>'.repeat(200_000)}`,
  )
  expect(text.match(/word/g)).toHaveLength(800_000)
  expect(end.title).toBe('Large')
})

test('a table of many rows is parted under its header', async () => {
  const rows = Array.from({ length: 400 }, (_, i) => `<tr><td>name ${i}</td><td>${i}</td></tr>`)
  const { pages, text } = await readAll(
    extractHtml,
    `<table><tr><th>Name</th><th>Number</th></tr>${rows.join('')}</table>`,
  )
  expect(text.match(/Name \| Number/g)?.length).toBeGreaterThan(1)
  for (const { text, wholes } of pages)
    for (const { start } of wholes)
      expect(text.slice(start)).toMatch(/^Name \| Number\nname \d+ \| \d+/)
})
