/** EPUB: order, titles, printed pages, notes, protection, and books that are not whole. */
import { expect, test } from 'vitest'
import { extractEpub } from '../../../src/ingest/extract/epub.ts'
import { epubParts, writeEpub } from '../../fixtures/formats/documents.ts'
import { headingsOf, readAll } from '../../fixtures/formats/reading.ts'
import { writeZip } from '../../fixtures/formats/zip.ts'

const toc = (items: string) => `<nav epub:type="toc"><ol>${items}</ol></nav>`

test('chapters stand in the order of the spine, under the titles of the navigation', async () => {
  const read = await readAll(
    extractEpub,
    writeEpub(
      [
        { name: 'b.xhtml', body: '<h1>Part One</h1><p>Opening words.</p>' },
        {
          name: 'a.xhtml',
          body: '<p class="t">First &amp; Best</p><p>Text of it.</p><h4>Below</h4><p>x</p>',
        },
        { name: 'c.xhtml', body: '<p>No title in the text.</p>' },
      ],
      {
        nav: toc(
          '<li><a href="b.xhtml">Part One</a><ol><li><a href="a.xhtml">First &amp; best</a></li><li><a href="c.xhtml#x">Silent</a></li></ol></li><li><span>Nowhere</span></li>',
        ),
      },
    ),
  )
  expect(read.pages.map(({ text }) => text.split('\n')[0])).toEqual([
    'Part One',
    'First & Best',
    'No title in the text.',
  ])
  expect(headingsOf(read)).toEqual([
    [1, 'Part One', 'Part One'],
    [2, 'First & Best', 'First & Best'],
    [3, 'Below', 'Below'],
  ])
  expect(read.end).toMatchObject({
    title: 'A Book',
    warnings: [],
    outline: [
      { title: 'Part One', level: 1, page: 1 },
      { title: 'First & best', level: 2, page: 2 },
      { title: 'Silent', level: 2, page: 3 },
      { title: 'Nowhere', level: 1, page: null },
    ],
  })
})

test('an entry whose words the text does not repeat is a section all the same', async () => {
  const { pages } = await readAll(
    extractEpub,
    writeEpub([{ name: 'a.xhtml', body: '<p>One.</p><p id="two">Two.</p>' }], {
      ncx: '<ncx><navMap><navPoint><navLabel><text>Start</text></navLabel><content src="a.xhtml"/><navPoint><navLabel><text>Later</text></navLabel><content src="a.xhtml#two"/></navPoint></navPoint></navMap></ncx>',
    }),
  )
  expect(pages[0]?.headings).toEqual([
    { at: 0, level: 1, title: 'Start' },
    { at: 6, level: 2, title: 'Later' },
  ])
})

const printed = [
  {
    name: 'a.xhtml',
    body: '<p>Before.</p><p>End of <span epub:type="pagebreak" id="p5" title="5">5</span>sentence.</p>',
  },
  { name: 'b.xhtml', body: '<p>Still five.</p><div id="p6">Six.</div>' },
]

test.each([
  [
    'a list in the navigation document',
    {
      nav: '<nav epub:type="page-list"><ol><li><a href="a.xhtml#p5">v</a></li><li><a href="b.xhtml#p6">6</a></li></ol></nav>',
    },
    [
      [null, 'Before.\n\nEnd of'],
      ['v', 'sentence.\n\nStill five.'],
      ['6', 'Six.'],
    ],
  ],
  [
    'a list in the NCX',
    {
      ncx: '<ncx><pageList><pageTarget value="6"><navLabel><text>6</text></navLabel><content src="b.xhtml#p6"/></pageTarget></pageList></ncx>',
    },
    [
      [null, 'Before.\n\nEnd of\n\nsentence.'.replace('of\n\n', 'of ')],
      [null, 'Still five.'],
      ['6', 'Six.'],
    ],
  ],
  [
    'marks in the text alone',
    {},
    [
      [null, 'Before.\n\nEnd of'],
      ['5', 'sentence.\n\nStill five.\n\nSix.'],
    ],
  ],
  [
    'points in the text',
    {
      nav: '<nav epub:type="page-list"><ol><li><a href="package.opf#epubcfi(/6/4[x]!/4/2/1:6)">9</a></li></ol></nav>',
    },
    [
      [null, 'Before.\n\nEnd of sentence.'],
      [null, 'Still'],
      ['9', 'five.\n\nSix.'],
    ],
  ],
] as const)('pages of the printed edition by %s', async (_, options, expected) => {
  const { pages } = await readAll(extractEpub, writeEpub(printed, options))
  expect(pages.map(({ label, text }) => [label, text])).toEqual(expected)
})

test('long chapters are cut into pages that can be shown', async () => {
  const body = `<h1>Long</h1>${`<p>${'Words of a sentence. '.repeat(20)}</p>`.repeat(60)}`
  const { pages } = await readAll(extractEpub, writeEpub([{ name: 'a.xhtml', body }]))
  expect(pages.length).toBeGreaterThan(5)
  for (const { text } of pages) expect(text.length).toBeLessThanOrEqual(3_000)
})

test('what stands in a chapter reads as on paper', async () => {
  const body = `<style>p{}</style><p>A <b>bold</b> word<a epub:type="noteref" href="#n">1</a>, 10<sup>2</sup> m<sup>2</sup>.</p>
    <aside epub:type="footnote" id="n"><p>1. The note.</p></aside>
    <p>漢<ruby>字<rt>じ</rt></ruby>を
読む</p><script>evil()</script><ul><li>one<ul><li>deep</li></ul></li><li>two</li></ul>
    <table><tr><th>Name</th><th>Age</th></tr><tr><td>Ann</td><td>7</td></tr></table>
    <p hidden="">secret</p><nav epub:type="toc"><ol><li>Contents</li></ol></nav>
    <pre>  keep
    this</pre><p>nb&nbsp;sp &mdash; dash</p>`
  const { text, pages } = await readAll(extractEpub, writeEpub([{ name: 'a.xhtml', body }]))
  expect(text.split('\n\n')).toEqual([
    'A bold word[1], 10² m².',
    '1. The note.',
    '漢字を読む',
    '- one\n  - deep\n- two',
    'Name | Age\nAnn | 7',
    '  keep\n    this',
    'nb\u00a0sp — dash',
  ])
  expect(pages[0]?.wholes).toHaveLength(3)
})

const chapter = { name: 'a.xhtml', body: '<p>Words.</p>' }

function encryption(uri: string): string {
  return `<encryption><EncryptedData><CipherData><CipherReference URI="${uri}"/></CipherData></EncryptedData></encryption>`
}

test('encrypted fonts are no protection, encrypted chapters are', async () => {
  const font = { name: 'EPUB/a.otf', data: 'x' }
  const rights = (uri: string) => ({ name: 'META-INF/encryption.xml', data: encryption(uri) })
  const open = writeEpub([chapter], { parts: [font, rights('EPUB/a.otf')] })
  expect((await readAll(extractEpub, open)).text).toBe('Words.')
  const locked = writeEpub([chapter], { parts: [font, rights('EPUB/a.xhtml')] })
  await expect(readAll(extractEpub, locked)).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringContaining('DRM'),
  })
})

test('parts that are missing, damaged or outside are left out with a word', async () => {
  const read = await readAll(
    extractEpub,
    writeEpub([chapter], {
      parts: [{ name: 'EPUB/bad.xhtml', data: '<p>x</p>', crc: 1 }],
      manifest:
        '<item id="m" href="none.xhtml" media-type="application/xhtml+xml"/><item id="o" href="../../etc/passwd" media-type="application/xhtml+xml"/><item id="h" href="http://example.org/x" media-type="application/xhtml+xml"/><item id="d" href="bad.xhtml" media-type="application/xhtml+xml"/><item id="i" href="i.png" media-type="image/png"/>',
      spine:
        '<itemref idref="m"/><itemref idref="o"/><itemref idref="h"/><itemref idref="d"/><itemref idref="unknown"/>',
    }),
  )
  expect(read.pages[0]?.text).toBe('Words.')
  expect(read.end.warnings).toEqual([
    '4 of the 6 parts of the book are not in the file and were left out.',
    '1 of the 6 parts of the book are damaged; text of theirs is missing.',
  ])
})

test.each([
  ['no container', (name: string) => name !== 'META-INF/container.xml'],
  ['no package', (name: string) => name !== 'EPUB/package.opf'],
  ['no chapter', (name: string) => name !== 'EPUB/a.xhtml'],
])('a book with %s is not valid', async (_, isKept) => {
  const parts = epubParts([chapter]).filter(({ name }) => isKept(String(name)))
  await expect(readAll(extractEpub, writeZip(parts))).rejects.toMatchObject({
    code: 'damaged',
    message: expect.stringContaining('not a valid EPUB'),
  })
})

test('a chapter listed a thousand times is read once', async () => {
  const spine = '<itemref idref="c0"/>'.repeat(1_000)
  const { pages } = await readAll(extractEpub, writeEpub([chapter], { spine }))
  expect(pages).toHaveLength(1)
})
