/** A language that a person chose: its words are found as that language writes them, now and after the document is read again. */
import { expect, test } from 'vitest'
import * as documents from '../../src/threads/document-operations.ts'
import { reindexPending, reindexStep } from '../../src/threads/reindex.ts'
import { ShardLibrary } from './library.ts'

function choose(library: ShardLibrary, id: string, language: string): void {
  documents.update(library.context, library.store, { id, language })
  while (reindexPending(library.store.app)) reindexStep(library.context, library.store)
}

test('a document taken for English is found by the German forms of its words once it is said to be German', () => {
  const library = new ShardLibrary()
  const id = library.add('Gärten', ['Die Häuser stehen leer.', 'Vor den Häusern wuchsen Bäume.'])
  library.add('Other', ['An English text about nothing of the kind.'])
  expect(library.titles('Haus', { mode: 'keyword' })).toEqual([])
  choose(library, id, 'de')
  expect(library.titles('Haus', { mode: 'keyword' })).toEqual(['Gärten', 'Gärten'])
  expect(documents.get(library.context, library.store, { id }).language).toBe('de')
  const { items } = documents.list(library.context, library.store, { limit: 9, cursor: null })
  expect(items.map(({ language }) => language)).toEqual(['en', 'de'])
})

test('what a person chose outlives reading the document again', () => {
  const library = new ShardLibrary()
  const id = library.add('Gärten', ['Die Häuser stehen leer.'])
  choose(library, id, 'de')
  documents.reprocess(library.context, library.store, { id })
  library.read('Gärten', ['Die Häuser stehen noch immer leer.'], 'en')
  expect(library.titles('Haus', { mode: 'keyword' })).toEqual(['Gärten'])
  expect(documents.get(library.context, library.store, { id }).language).toBe('de')
})
