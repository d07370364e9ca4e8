import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seededRandom } from '../../bench/lib/random.ts'
import { citedPage, verifyClaim, verifyQuote } from '../../src/rag/citations.ts'
import { normalText } from '../../src/rag/normal-text.ts'
import { type CitationCase, citationCases } from './citation-cases.ts'

test('500 generated quotations: what stands in the page is verified, and nothing else', () => {
  const cases = citationCases(500, seededRandom(7))
  const wrong: (CitationCase & { label: string })[] = []
  let [right, said, there] = [0, 0, 0]
  for (const one of cases) {
    const { label, start, end } = verifyQuote(one.quote, citedPage(one.page))
    if (label === 'verified') said++
    if (one.isThere) there++
    if (label === 'verified' && one.isThere) right++
    if ((label === 'verified') !== one.isThere) wrong.push({ ...one, label })
    if (one.kind === 'altered number') expect(label, one.quote).not.toBe('verified')
    if (one.kind === 'other page' || one.kind === 'invented')
      expect(label, one.quote).toBe('not_found')
    if (!one.isThere) continue
    // The mark that ends the sentence may be the writer's: it does not count.
    expect([start, one.end - (end ?? 0) <= 1], one.quote).toEqual([one.start, true])
  }
  const altered = cases.filter(({ kind }) => kind === 'altered number').length
  process.stdout.write(
    `${cases.length} quotations, ${there} in their page: precision ${(right / said).toFixed(4)}, recall ${(right / there).toFixed(4)}; ${altered} altered numbers, none verified\n`,
  )
  expect(altered).toBeGreaterThan(20)
  expect(there).toBeGreaterThan(150)
  expect(cases.length - there).toBeGreaterThan(150)
  expect(right / said, JSON.stringify(wrong[0])).toBeGreaterThanOrEqual(0.98)
  expect(right / there, JSON.stringify(wrong[0])).toBeGreaterThanOrEqual(0.98)
})

test.each([
  ['The price was 150', 'The price was 1500 crowns.', 'not_found'],
  ['The price was 150', 'The price was 150.5 crowns.', 'not_found'],
  ['The price was 15', 'The price was 15,000 crowns in all.', 'not_found'],
  ['5 degrees in March', 'It was −5 degrees in March.', 'not_found'],
  ['the area is 102 metres', 'the area is 10² metres', 'not_found'],
  ['a board of 6" width here', "a board of 6' width here", 'close'],
  ['The price was 150', 'The price was 150.', 'verified'],
  ['in 1939-1945 it was closed', 'in 1939–\n1945 it was closed', 'verified'],
  ['the inter-national office', 'the inter-\nnational office', 'verified'],
  ['“Call me Ishmael,” he said', '"Call me Ishmael," he said.', 'verified'],
  ['ﬁnal oﬃce', 'The final office.', 'verified'],
  ['He said hello there', 'He said: hello, there was', 'close'],
  ['the party', 'the part', 'not_found'],
  ['art', 'the party was small', 'not_found'],
  ['在联赛中排名第六', '只丢了 308分，在联赛\n中排名第六。', 'verified'],
  ['ในปี 2554', 'เขาเกิดในปี ๒๕๕๔', 'verified'],
  ['The court did … approve the plan', 'The court did not, after all, approve the plan.', 'close'],
  [
    'the quick brown fox jumped over the lazy dog',
    'the quick brown fox jumps over the lazy dog',
    'close',
  ],
  ['"!?"', 'Nothing "!?" here', 'not_found'],
  ['', 'Nothing here', 'not_found'],
])('%s | %s | %s', (quote, page, label) => {
  expect(verifyQuote(quote, citedPage(page)).label).toBe(label)
})

test('an altered number is not found, and the place that is meant is shown', () => {
  const page = citedPage('In all the harbour earned 45 million crowns in 1932. It closed later.')
  const verdict = verifyQuote('the harbour earned 54 million crowns in 1932', page)
  expect(verdict.label).toBe('not_found')
  expect(page.text.slice(verdict.start ?? 0, verdict.end ?? 0)).toContain('45 million')
})

test('a claim in other words is close where the page has its words and numbers', () => {
  const page = citedPage(
    'Construction of the great bridge over the harbour began in 1923. The bridge was opened to traffic by the governor in March 1932.',
  )
  expect(verifyClaim('In March 1932 the governor opened the bridge for traffic', page).label).toBe(
    'close',
  )
  expect(verifyClaim('In March 1935 the governor opened the bridge for traffic', page).label).toBe(
    'not_found',
  )
  expect(verifyClaim('Whales breathe air and feed their calves with milk', page).label).toBe(
    'not_found',
  )
})

test('any stretch of whole words of any text is verified, with its place', () => {
  const words = fc.array(fc.stringMatching(/^[\p{L}\p{Nd}]{1,8}$/u), {
    minLength: 1,
    maxLength: 40,
  })
  fc.assert(
    fc.property(words, fc.nat(), fc.nat(), (list, a, b) => {
      const [from, to] = [a % list.length, b % list.length].sort((x, y) => x - y) as [
        number,
        number,
      ]
      const quote = list.slice(from, to + 1).join(' ')
      const page = list.join(' ')
      const verdict = verifyQuote(quote, citedPage(page))
      expect(verdict.label).toBe('verified')
      expect(page.slice(verdict.start ?? 0, verdict.end ?? 0)).toBe(quote)
    }),
    { seed: 3 },
  )
})

test('whatever is given, the places lie in the page and the levelled text leads back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (quote, page) => {
      const { text, starts, ends } = normalText(page)
      expect([starts.length, ends.length]).toEqual([text.length, text.length])
      const { label, start, end } = verifyClaim(quote, citedPage(page))
      if (label !== 'not_found') expect(start).not.toBeNull()
      expect((start ?? 0) >= 0 && (start ?? 0) <= (end ?? 0) && (end ?? 0) <= page.length).toBe(
        true,
      )
    }),
    { seed: 5, numRuns: 300 },
  )
})

test('a long page and a long quotation are aligned in bounded work', () => {
  const random = seededRandom(1)
  const word = () =>
    Array.from({ length: 3 }, () => 'abcdefghij'[Math.floor(random() * 10)]).join('')
  const words = Array.from({ length: 30_000 }, word)
  const quote = words.slice(20_000, 20_200)
  const page = citedPage(words.join(' '))
  expect(verifyQuote(quote.join(' '), page).label).toBe('verified')
  quote[100] = 'changed'
  const { label, start, end } = verifyQuote(quote.join(' '), page)
  expect(label).toBe('close')
  expect(page.text.slice(start ?? 0, end ?? 0)).toBe(words.slice(20_000, 20_200).join(' '))
})
