/** Documents as text: the same to whoever parses it as what the operation gives. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addDocument } from '../../src/library/documents.ts'
import * as documents from '../../src/threads/document-operations.ts'
import { ShardLibrary } from './library.ts'

const name = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.constantFrom('"', '\\', '\u2028', '</script>', '\b\f\n\r\t\u001f', "it's", '%s %d'),
)

test('whatever its names are, a document and the list say the same as text', () => {
  const { context, store } = new ShardLibrary()
  const { app } = store
  let made = 0
  const document = fc.record({
    title: fc.option(name),
    filename: name,
    mediaType: fc.constantFrom('text/plain', 'application/epub+zip'),
    tags: fc.uniqueArray(name, { maxLength: 3 }),
    bytes: fc.nat(),
    status: fc.constantFrom('queued', 'processing', 'ready', 'failed'),
    language: fc.option(fc.constantFrom('en', 'zh')),
    pages: fc.option(fc.nat(5_000)),
    error: fc.option(fc.record({ code: fc.constant('damaged'), detail: name })),
    report: fc.option(fc.record({ warnings: fc.array(name, { maxLength: 2 }) })),
  })
  const moment = fc.integer({ min: 0, max: 4e12 })
  fc.assert(
    fc.property(document, moment, (one, nowMs) => {
      const sha256 = createHash('sha256').update(String(made++)).digest('hex')
      const { id, seq } = addDocument(app, { ...one, sha256, extension: 'txt' }, nowMs)
      app.run(
        'UPDATE documents SET status = ?, language = ?, pages = ?, error = ?, report = ? WHERE seq = ?',
        ...[one.status, one.language, one.pages].map((value) => value ?? null),
        ...[one.error, one.report].map((value) => value && JSON.stringify(value)),
        seq,
      )
      const text = documents.getAsText(context, store, { id })
      expect(JSON.parse(text)).toEqual(documents.get(context, store, { id }))
    }),
  )
  let cursor: string | null = null
  do {
    const page = documents.list(context, store, { limit: 7, cursor })
    expect(JSON.parse(documents.listAsText(context, store, { limit: 7, cursor }))).toEqual(page)
    cursor = page.next_cursor
  } while (cursor !== null)
  expect(made).toBeGreaterThan(50)
})

test('what is not there, and a cursor that is none, are refused as ever', () => {
  const { context, store } = new ShardLibrary()
  expect(() => documents.getAsText(context, store, { id: 'doc_none' })).toThrow(/no such document/)
  expect(() => documents.listAsText(context, store, { limit: 2, cursor: '!' })).toThrow(/cursor/)
  expect(documents.listAsText(context, store, { limit: 2, cursor: null })).toBe(
    '{"items":[],"next_cursor":null}',
  )
})
