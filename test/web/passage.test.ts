/** A passage found again on a page that another program cut into pieces, and text put back into paragraphs. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutText } from '../../web/src/lib/highlight.ts'
import {
  matchPassage,
  matchWords,
  occurrenceOf,
  type PieceRange,
} from '../../web/src/lib/match-passage.ts'
import { paragraphsOf } from '../../web/src/lib/paragraphs.ts'

const textOf = (pieces: readonly string[], ranges: readonly PieceRange[]): string =>
  ranges.map(({ piece, start, end }) => pieces[piece]?.slice(start, end)).join('|')

test('a passage is found over pieces, hyphens, ligatures and other spaces', () => {
  const pieces = ['A head', 'The ﬁrst of the light-', 'houses  was', 'dark. Then came']
  const found = matchPassage(pieces, 'the first of the\nlighthouses was dark.')
  expect(textOf(pieces, found)).toBe('The ﬁrst of the light-|houses  was|dark.')
})

test('a passage that began on the page before is marked where this page has it', () => {
  const pieces = ['and the keeper wrote it down in the book of the tower', '17']
  const passage = `Long ago there was a storm from the north, and the keeper wrote it down in the book of the tower`
  expect(textOf(pieces, matchPassage(pieces, passage))).toMatch(
    /keeper wrote it down in the book of the tower/,
  )
})

test('columns in another order are found part by part', () => {
  const left = 'the left column speaks of apples and their many kinds in the north'
  const right = 'the right column speaks of pears and how they are kept over winter'
  const pieces = [right, left]
  const found = matchPassage(pieces, `${left} ${right}`)
  expect(new Set(found.map(({ piece }) => piece))).toEqual(new Set([0, 1]))
})

test('of a passage that stands twice the one that is meant is marked', () => {
  const text = 'The lamp was lit. Then:\nthe lamp\nwas lit.'
  const second = text.lastIndexOf('the lamp')
  expect(occurrenceOf(text, 0, 16)).toBe(0)
  expect(occurrenceOf(text, second, text.length)).toBe(1)
  const pieces = ['The lamp was lit. Then:', 'the lamp', 'was lit.']
  const piecesOf = (occurrence: number) =>
    matchPassage(pieces, 'the lamp was lit', occurrence).map(({ piece }) => piece)
  expect([piecesOf(0), piecesOf(1), piecesOf(7)]).toEqual([[0], [1, 2], [1, 2]])
})

test('a page without the passage has no mark, nor has an empty one', () => {
  expect(
    matchPassage(['quite another page about something else'], 'the keeper of the light'),
  ).toEqual([])
  expect(matchPassage([], 'x')).toEqual([])
  expect(matchPassage(['…', ''], '— …')).toEqual([])
})

test('other scripts are found, right to left and without spaces', () => {
  const arabic = ['المكتبة بيت الكتب', 'وذاكرة الناس.']
  expect(textOf(arabic, matchPassage(arabic, 'بيت الكتب وذاكرة الناس'))).toBe(
    'بيت الكتب|وذاكرة الناس.',
  )
  const japanese = ['灯台の本は', '七番目の棚にある。']
  expect(textOf(japanese, matchPassage(japanese, '本は七番目の棚'))).toBe('本は|七番目の棚')
})

test('any part of a page is found on it, and ranges are within their pieces', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 4, maxLength: 60 })
  fc.assert(
    fc.property(words, fc.nat(), fc.nat(), (page, a, b) => {
      const [from, to] = [a % page.length, b % page.length].toSorted((x, y) => x - y)
      const passage = page.slice(from, (to ?? 0) + 1).join(' ')
      const found = matchPassage(page, passage)
      const text = found.map(({ piece, start, end }) => page[piece]?.slice(start, end)).join('')
      expect(text).toBe(passage.replaceAll(' ', ''))
    }),
  )
})

test('words are marked whole and only within the passage', () => {
  const pieces = ['oak and Oakland, oak', 'an OAK']
  const ranges = matchWords(
    pieces,
    ['oak'],
    [
      { piece: 0, start: 0, end: 16 },
      { piece: 1, start: 0, end: 6 },
    ],
  )
  expect(textOf(pieces, ranges)).toBe('oak|OAK')
  expect(cutText('an oak tree', [{ start: 0, end: 6 }], [{ start: 3, end: 6 }])).toEqual([
    { text: 'an ', emphasis: 'passage' },
    { text: 'oak', emphasis: 'word' },
    { text: ' tree', emphasis: 'none' },
  ])
})

test('wrapped lines become paragraphs; poems, lists and scripts without spaces stay right', () => {
  const wrapped = 'This line was wrapped by somebody’s editor at some width\nand goes on here.'
  expect(paragraphsOf(`${wrapped}\n\nA second.`)).toEqual([wrapped.replace('\n', ' '), 'A second.'])
  expect(paragraphsOf('A short line\nand another')).toEqual(['A short line\nand another'])
  const list = 'A line that is as long as those that editors wrap:\n- one\n- two'
  expect(paragraphsOf(list)).toEqual([list])
  expect(paragraphsOf(`${'灯'.repeat(50)}\n台`)).toEqual([`${'灯'.repeat(50)}台`])
})
