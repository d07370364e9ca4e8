/** Markdown: the words as they read, headings, whole blocks, pages. */
import { expect, test } from 'vitest'
import { extractMarkdown } from '../../src/ingest/extract/markdown.ts'
import { allPages, inputOf } from '../fixtures/source.ts'

async function read(markdown: string) {
  const extraction = await extractMarkdown(inputOf(Buffer.from(markdown)))
  const pages = await allPages(extraction)
  return { pages, text: pages.map(({ text }) => text).join('\n\n'), end: extraction.end() }
}

test('words read as in the rendered page', async () => {
  const { text } = await read(
    [
      'Some *emphasis*, **strong**, `code <b>` and [a link](https://example.org/x).',
      '',
      '![A picture](cat.png) &amp; more<br>next<!-- not this -->',
      '',
      '- one',
      '- two',
      '  1. nested',
      '',
      '> quoted',
      '',
      '```js',
      'let x = "<i>"',
      '```',
      '',
      '| a | b |',
      '|---|---|',
      '| 1 | *2* |',
    ].join('\n'),
  )
  expect(text.split('\n\n')).toEqual([
    'Some emphasis, strong, code <b> and a link.',
    'A picture & more\nnext',
    '- one\n- two\n  1. nested',
    'quoted',
    'let x = "<i>"',
    'a | b\n1 | 2',
  ])
})

test('headings of both kinds have level and place', async () => {
  const { pages, end } = await read('Title\n=====\n\ntext\n\n### Deep *one*\n\nmore')
  expect(pages[0]?.headings.map(({ level, title }) => [level, title])).toEqual([
    [1, 'Title'],
    [3, 'Deep one'],
  ])
  for (const { at, title } of pages[0]?.headings ?? [])
    expect(pages[0]?.text.slice(at, at + title.length)).toBe(title)
  expect(end).toMatchObject({
    title: 'Title',
    outline: [
      { title: 'Title', level: 1, page: 1 },
      { title: 'Deep one', level: 3, page: 1 },
    ],
  })
})

test.each([
  ['YAML', '---\ntitle: "The Title"\ntags: [a]\n---\n'],
  ['TOML', "+++\ntitle = 'The Title'\n+++\n"],
])('front matter in %s is title, not text', async (_, matter) => {
  const { text, end } = await read(`${matter}\n# Heading\n\nBody.`)
  expect(end.title).toBe('The Title')
  expect(text).toBe('Heading\n\nBody.')
})

test('a line between paragraphs is no front matter', async () => {
  expect((await read('One.\n\n---\n\nTwo.')).text).toBe('One.\n\nTwo.')
})

test('code, tables and lists are marked whole', async () => {
  const { pages } = await read('text\n\n```\ncode\n```\n\n| a |\n|---|\n| b |\n\n- x\n- y\n')
  const [page] = pages
  expect(page?.wholes.map(({ start, end }) => page.text.slice(start, end))).toEqual([
    'code',
    'a\nb',
    '- x\n- y',
  ])
})

test('long documents have pages of a size that can be shown, and no heading ends one', async () => {
  const chapter = (n: number) => `# Chapter ${n}\n\n${`${'word '.repeat(120)}\n\n`.repeat(n)}`
  const { pages } = await read(Array.from({ length: 9 }, (_, n) => chapter(n + 1)).join('\n'))
  expect(pages.length).toBeGreaterThan(8)
  for (const { text, headings } of pages) {
    expect(text.length).toBeLessThan(4_000)
    const last = headings.at(-1)
    if (last) expect(last.at + last.title.length).toBeLessThan(text.length)
  }
})

test('thousands of nested quotes are read as plain text', async () => {
  const { text, end } = await read(`${'>'.repeat(30_000)} deep\n`)
  expect(text).toContain('deep')
  expect(end.warnings.length + (text.includes('>') ? 1 : 0)).not.toBe(1)
})
