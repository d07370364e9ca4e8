/** The web app's logic that needs no browser: addresses, snippets, order, rows, numbers, citations, events. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventParser } from '../../clients/ts/src/sse.ts'
import type { DocumentRow } from '../../web/src/api/types.ts'
import { tenantSorts } from '../../web/src/lib/admin-figures.ts'
import { parseArrival, providerAddress } from '../../web/src/lib/arrival.ts'
import { citation, pageName } from '../../web/src/lib/citation.ts'
import { formatBytes, kindOf, languageName } from '../../web/src/lib/format.ts'
import { parseTags, shownDocuments, tagCounts } from '../../web/src/lib/order.ts'
import {
  adminRoute,
  chatRoute,
  formatRoute,
  libraryRoute,
  parseRoute,
  type Route,
  readRoute,
  searchRoute,
  sorts,
} from '../../web/src/lib/route.ts'
import { markedWords, snippetParts } from '../../web/src/lib/snippet.ts'
import { visibleRows } from '../../web/src/lib/virtual.ts'

const text = fc.string({ unit: 'grapheme' })
const values = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 3 })

test('every address is read back as it was written', () => {
  const routes: fc.Arbitrary<Route> = fc.oneof(
    fc.record({
      screen: fc.constant('library' as const),
      filter: text,
      tag: text,
      sort: fc.constantFrom(...sorts),
    }),
    fc.record({
      screen: fc.constant('search' as const),
      query: text,
      mode: fc.constantFrom('keyword' as const, 'hybrid' as const),
      tags: values,
      mediaTypes: values,
      languages: values,
      documents: values,
    }),
    fc
      .tuple(fc.string({ minLength: 1 }), fc.integer({ min: 1, max: 99_999 }), text, text)
      .filter(([id]) => id !== '.' && id !== '..')
      .map(([id, page, query, passage]) => readRoute(id, page, { query, passage })),
    fc
      .tuple(text, text, fc.nat(9_999), values)
      .filter(([id]) => id !== '.' && id !== '..')
      .map(([id, at, page, documents]) => chatRoute(id, { at, page, documents })),
    fc
      .tuple(text, text, fc.constantFrom(...tenantSorts), fc.boolean())
      .filter(([id]) => id !== '.' && id !== '..')
      .map(([id, filter, sort, isReversed]) => adminRoute(id, { filter, sort, isReversed })),
  )
  fc.assert(
    fc.property(routes, (route) => {
      const { pathname, search } = new URL(formatRoute(route), 'http://localhost')
      expect(parseRoute(pathname, search)).toEqual(route)
    }),
  )
})

test('an address that is nothing of ours is the library, and a strange page the first', () => {
  expect(parseRoute('/nothing', '')).toEqual(libraryRoute)
  expect(parseRoute('/read/doc_1/-4', '')).toEqual(readRoute('doc_1', 1))
  expect(parseRoute('/read/%E0%A4%A', '')).toEqual(readRoute('%E0%A4%A', 1))
  expect(parseRoute('/search', '?q=a&mode=sql')).toEqual(searchRoute('a'))
})

test('a sign-in comes back to the screen it began on, and a link is read from the sign-in screen only', () => {
  expect(providerAddress('/search', '?q=a+b')).toBe('/auth/sign-in?to=%2Fsearch%3Fq%3Da%2Bb')
  expect(providerAddress('/sign-in', '?failed=x')).toBe('/auth/sign-in?to=%2F')
  expect(providerAddress('/search', `?q=${'x'.repeat(1_000)}`)).toBe('/auth/sign-in?to=%2F')
  expect(parseArrival('/sign-in', '', '#abc')).toEqual({ code: 'abc', failed: '' })
  expect(parseArrival('/sign-in', '?failed=forbidden', '')).toEqual({
    code: '',
    failed: 'forbidden',
  })
  expect(parseArrival('/account', '?failed=x', '#abc')).toEqual({ code: '', failed: '' })
})

test('a snippet is text and marks, whatever the text says', () => {
  // As the server does it.
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  const escaped = (plain: string): string =>
    plain.replace(/[&<>"']/g, (one) => entities[one] ?? one)
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.boolean())), (parts) => {
      const html = parts.map(([plain, isMarked]) =>
        isMarked ? `<mark>${escaped(plain)}</mark>` : escaped(plain),
      )
      const shown = snippetParts(html.join(''))
      expect(shown.map((part) => part.text).join('')).toBe(parts.map(([plain]) => plain).join(''))
    }),
  )
  expect(snippetParts('<b>x</b> &lt;img&gt; <mark>oak</mark>')).toEqual([
    { text: '<b>x</b> <img> ', isMarked: false },
    { text: 'oak', isMarked: true },
  ])
  expect(markedWords('<mark>Oak</mark> and <mark>oak</mark>')).toEqual(['oak'])
})

const row = (title: string, more: Partial<DocumentRow> = {}): DocumentRow => ({
  id: title,
  title,
  filename: `${title}.pdf`,
  media_type: 'application/pdf',
  bytes: 1,
  sha256: '',
  language: null,
  pages: 1,
  passages: 1,
  tags: [],
  status: 'ready',
  progress: null,
  error: null,
  report: null,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  ...more,
})

test('the library is filtered by every word and ordered as asked', () => {
  const documents = [
    row('Oak 10', { tags: ['Trees'], bytes: 5 }),
    row('oak 9', { status: 'failed', created_at: '2026-02-01T00:00:00Z' }),
    row('Elm', { tags: ['Trees', 'old'], bytes: 9 }),
  ]
  const titles = (change: Partial<typeof libraryRoute>): string[] =>
    shownDocuments(documents, { ...libraryRoute, ...change }).map(({ title }) => title)
  expect(titles({ sort: 'title' })).toEqual(['Elm', 'oak 9', 'Oak 10'])
  expect(titles({ sort: 'added' })[0]).toBe('oak 9')
  expect(titles({ sort: 'size' })[0]).toBe('Elm')
  expect(titles({ sort: 'status' })[0]).toBe('oak 9')
  expect(titles({ filter: 'trees OAK' })).toEqual(['Oak 10'])
  expect(titles({ tag: 'old' })).toEqual(['Elm'])
  expect(tagCounts(documents)).toEqual([
    ['Trees', 2],
    ['old', 1],
  ])
  expect(parseTags(' a, b ,,a، ج ')).toEqual(['a', 'b', 'ج'])
})

test('of ten thousand rows only those near the screen are drawn', () => {
  expect(visibleRows(10_000, 76, 380_000, 800, 8)).toEqual({ first: 4_992, end: 5_019 })
  fc.assert(
    fc.property(fc.nat(10_000), fc.integer(), fc.nat(5_000), (count, scrolled, height) => {
      const { first, end } = visibleRows(count, 76, scrolled, height)
      expect(first).toBeGreaterThanOrEqual(0)
      expect(end).toBeLessThanOrEqual(count)
      expect(end - first).toBeLessThanOrEqual(height / 76 + 18)
    }),
  )
})

test('numbers and names as people say them', () => {
  expect([0, 999, 1_000, 1_440_000, 999_999_999].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '1.4 MB',
    '1.0 GB',
  ])
  expect(kindOf('application/vnd.x', 'a.docx')).toBe('DOCX')
  expect(languageName('th')).toBe('Thai')
  expect(languageName('not a language')).toBe('not a language')
})

test('a citation says the printed page and where that is in the file', () => {
  expect(pageName(12, '12')).toBe('12')
  expect(pageName(4, 'iv')).toBe('iv (page 4 of the file)')
  const cited = citation({ title: 'Oak', page: 4, page_label: 'iv', text: ' A\n tree. ' })
  expect(cited).toBe('“A tree.” — Oak, p. iv (page 4 of the file)')
  const long = citation({ title: 'T', page: 1, page_label: null, text: 'word '.repeat(500) })
  expect(long.length).toBeLessThan(430)
  expect(long).toMatch(/word …” — T, p\. 1$/)
})

test('events come out whole, wherever the stream was cut', () => {
  const stream =
    ': hello\n\nid: 7\nevent: document\ndata: {"id":\ndata: 1}\r\n\r\ndata:x\n\nevent: y\n\n'
  fc.assert(
    fc.property(fc.array(fc.nat(stream.length), { maxLength: 8 }), (cuts) => {
      const parser = new EventParser()
      const places = [0, ...cuts.toSorted((a, b) => a - b), stream.length]
      const events = places
        .slice(1)
        .flatMap((end, at) => parser.push(stream.slice(places[at], end)))
      expect(events).toEqual([
        { type: 'document', data: '{"id":\n1}', id: '7' },
        { type: 'message', data: 'x', id: '7' },
      ])
    }),
  )
})
