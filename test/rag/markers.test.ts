import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AnswerPiece, MarkerParser } from '../../src/rag/markers.ts'

function parse(chunks: readonly string[], sources = 3): AnswerPiece[] {
  const parser = new MarkerParser(sources)
  const pieces = [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.end()]
  return pieces.reduce<AnswerPiece[]>((all, piece) => {
    const last = all.at(-1)
    if (last?.kind === 'text' && piece.kind === 'text')
      all[all.length - 1] = { kind: 'text', text: last.text + piece.text }
    else all.push(piece)
    return all
  }, [])
}

/** `text`, `<1>` for a marker, `<?9>` for an invention. */
function written(pieces: readonly AnswerPiece[]): string {
  return pieces
    .map((piece) => {
      if (piece.kind === 'text') return piece.text
      return piece.kind === 'marker' ? `<${piece.source}>` : `<?${piece.source}>`
    })
    .join('')
}

test.each([
  ['It is so [1].', 'It is so <1>.'],
  ['So [1][2], and [3].', 'So <1><2>, and <3>.'],
  ['So [1, 3].', 'So <1><3>.'],
  ['So [1-3].', 'So <1><2><3>.'],
  ['So【2】。', 'So<2>。'],
  ['So [^2].', 'So <2>.'],
  ['So [1][1] [1].', 'So <1> .'],
  ['So [1]. Again [1].', 'So <1>. Again <1>.'],
  ['So [7].', 'So <?7>.'],
  ['So [0].', 'So <?0>.'],
  ['So [2, 9].', 'So <2><?9>.'],
  ['In [2024] and [sic] and [', 'In [2024] and [sic] and ['],
  ['a[i] = [[1]]', 'a[i] = [<1>]'],
  ['So [1', 'So [1'],
  ['So [3-1].', 'So <3><1>.'],
  ['So [1-999].', 'So <1><?999>.'],
])('%s → %s', (text, expected) => {
  expect(written(parse([text]))).toBe(expected)
})

test('however the text is cut, the same is found', () => {
  const part = fc.constantFrom(
    '[1]',
    '[',
    ']',
    '1',
    '[1, 2]',
    '[12]',
    ' a ',
    '【',
    '】',
    '[^3]',
    '\n',
    '[9',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 20 }), fc.array(fc.nat(60)), (parts, cuts) => {
      const text = parts.join('')
      const places = [...new Set([0, ...cuts.filter((at) => at < text.length), text.length])]
      places.sort((a, b) => a - b)
      const chunks = places.slice(1).map((to, at) => text.slice(places[at], to))
      expect(parse(chunks)).toEqual(parse([text]))
    }),
    { seed: 1 },
  )
})

test('a bracket that never closes does not hold the answer back', () => {
  const parser = new MarkerParser(3)
  expect(written(parser.push(`[1${' '.repeat(100)}`))).toHaveLength(102)
})
