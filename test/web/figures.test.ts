/** The web app's logic of answers and of the operator's figures, without a browser. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Citation } from '../../web/src/api/types-chat.ts'
import { requestBars, shownTenants, withUsage } from '../../web/src/lib/admin-figures.ts'
import { type AnswerCut, cutAnswer } from '../../web/src/lib/answer-parts.ts'
import { byTag, operationsOf, shownOperations } from '../../web/src/lib/api-reference.ts'

const partsOf = ({ paragraphs }: AnswerCut) => paragraphs.map(({ parts }) => parts)

const cited = (
  text: string,
  part: string,
  n: number | null,
  label: Citation['label'],
): Citation => ({
  n,
  kind: 'claim',
  label,
  text: part,
  answer_start: text.indexOf(part),
  answer_end: text.indexOf(part) + part.length,
  document_id: n === null ? null : 'doc_1',
  page: null,
  page_label: null,
  start: null,
  end: null,
})

test('an answer is cut into paragraphs and chips; a chip says the worst of what it stands behind', () => {
  const answer = 'Oak is hard. Pine is blue [1]. Elm grows [1][2].\n\nNobody knows [x].'
  const citations = [
    cited(answer, 'Oak is hard.', 1, 'verified'),
    cited(answer, 'Pine is blue', 1, 'not_found'),
    cited(answer, 'Elm grows', 1, 'close'),
    cited(answer, 'Nobody knows [x].', null, 'not_found'),
  ]
  const [first = [], second] = partsOf(cutAnswer(answer, citations))
  const chips = first.filter((part) => part.kind === 'chip')
  expect(chips.map(({ n, label, citation }) => [n, label, citation])).toEqual([
    [1, 'not_found', 1],
    [1, 'close', 2],
    [2, 'open', -1],
  ])
  expect(first[1]).toEqual({ kind: 'text', text: 'Pine is blue', isUnsupported: true })
  expect(second).toEqual([{ kind: 'text', text: 'Nobody knows [x].', isUnsupported: true }])
})

test('an answer that grows is cut as the whole is, and what is finished stays the same object', () => {
  const pieces = fc.array(fc.constantFrom('a ', 'b', '\n', '\n\n', '[1]', '[2]'), { maxLength: 40 })
  const places = fc.array(fc.tuple(fc.nat(60), fc.nat(20), fc.constantFrom(1, 2)), { maxLength: 6 })
  fc.assert(
    fc.property(pieces, places, (parts, ranges) => {
      const citations = ranges.map(([start, length, n]) => ({
        ...cited('', '', n, length % 2 === 0 ? 'not_found' : 'verified'),
        answer_start: start,
        answer_end: start + length,
      }))
      let cut: AnswerCut | undefined
      for (let at = 0; at <= parts.length; at++) {
        const text = parts.slice(0, at).join('')
        const told = citations.filter(({ answer_end }) => answer_end <= text.length - 3)
        const inOrder = [
          ...(cut?.citations ?? []),
          ...told.filter((one) => !cut?.citations.includes(one)),
        ]
        cut = cutAnswer(text, inOrder, cut)
        expect(partsOf(cut)).toEqual(partsOf(cutAnswer(text, inOrder)))
      }
    }),
  )
  const before = cutAnswer('One [1].\n\nTwo', [])
  const after = cutAnswer('One [1].\n\nTwo and on', [], before)
  expect(after.paragraphs[0]).toBe(before.paragraphs[0])
})

test('nothing of an answer is lost or made up by cutting it, wherever citations lie', () => {
  const pieces = fc.array(fc.constantFrom('a ', '[1]', '[22]', '\n\n', '[', '😀', '<b>'), {
    maxLength: 30,
  })
  const places = fc.array(fc.tuple(fc.nat(60), fc.nat(60), fc.constantFrom(1, 22, null)), {
    maxLength: 6,
  })
  fc.assert(
    fc.property(pieces, places, (parts, ranges) => {
      const answer = parts.join('')
      const citations = ranges.map(([a, b, n]) => ({
        ...cited(answer, '', n, n === 1 ? 'not_found' : 'verified'),
        answer_start: Math.min(a, b),
        answer_end: Math.max(a, b),
      }))
      const shown = partsOf(cutAnswer(answer, citations))
        .flat()
        .map((part) => (part.kind === 'text' ? part.text : `[${part.n}]`))
      expect(shown.join('')).toBe(answer.replaceAll(/\n\s*\n/g, ''))
    }),
  )
})

test('requests become bars by time, and libraries are found and sorted by what they used', () => {
  const nowMs = Date.parse('2026-11-21T12:00:00Z')
  const at = (secondsAgo: number): string => new Date(nowMs - secondsAgo * 1000).toISOString()
  const rows = [1, 2, 3, 70, 9_999].map((ago, place) => ({
    at: at(ago),
    route: '/',
    status: place === 1 ? 503 : 200,
    ms: place + 1,
  }))
  const bars = requestBars(rows, nowMs, 60_000, 2)
  expect(
    bars.map(({ requests, failed, medianMs, slowMs }) => [requests, failed, medianMs, slowMs]),
  ).toEqual([
    [1, 0, 4, 4],
    [3, 1, 2, 3],
  ])
  const tenant = (user_id: string, state: 'active' | 'suspended') => ({
    user_id,
    tenant: user_id,
    state,
    until: null,
    generation: '',
    created_at: '2026-01-01T00:00:00Z',
  })
  const day = { searches: 1, pages_read: 0, chat_tokens_in: 2, chat_tokens_out: 3 }
  const all = withUsage(
    [tenant('ann', 'active'), tenant('ben', 'suspended')],
    [
      { ...day, tenant: 'ben', day: '2026-11-20', requests: 4, bytes_stored: 10 },
      { ...day, tenant: 'ben', day: '2026-11-21', requests: 5, bytes_stored: null },
    ],
  )
  expect(all[1]).toMatchObject({ requests: 9, searches: 2, tokens: 10, bytes: 10 })
  const names = (given: object): string[] =>
    shownTenants(all, { filter: '', sort: 'name', isReversed: false, ...given }).map(
      ({ user_id }) => user_id,
    )
  expect(names({})).toEqual(['ann', 'ben'])
  expect(names({ isReversed: true })).toEqual(['ben', 'ann'])
  expect(names({ sort: 'requests' })).toEqual(['ben', 'ann'])
  expect(names({ sort: 'state' })).toEqual(['ben', 'ann'])
  expect(names({ filter: 'SUSP b' })).toEqual(['ben'])
})

test('the API’s description becomes operations with their fields as lines', () => {
  const item = { type: 'object', properties: { id: { type: 'string', description: 'whose' } } }
  const description = {
    info: { version: '1' },
    components: { schemas: { Thing: { ...item, required: ['id'] } } },
    paths: {
      '/v1/things': {
        post: {
          operationId: 'post_things',
          summary: 'Add a thing',
          tags: ['things'],
          parameters: [
            { name: 'limit', in: 'query', required: false, schema: { type: 'integer' } },
          ],
          requestBody: {
            content: {
              'application/json': {
                schema: {
                  type: 'object',
                  properties: { name: { type: ['string', 'null'] }, kind: { enum: ['a', 'b'] } },
                  required: ['kind'],
                },
              },
            },
          },
          responses: {
            201: {
              description: 'Made.',
              content: {
                'application/json': {
                  schema: { type: 'array', items: { $ref: '#/components/schemas/Thing' } },
                },
              },
            },
            404: { description: '`not_found`' },
          },
        },
      },
    },
  }
  const [operation] = operationsOf(description, 'http://x')
  expect(
    operation?.body?.fields.map(({ name, type, isRequired }) => [name, type, isRequired]),
  ).toEqual([
    ['name', 'string | null', false],
    ['kind', '"a" | "b"', true],
  ])
  expect(operation?.answers[0]?.fields).toMatchObject([{ name: 'id', isRequired: true, depth: 0 }])
  expect(operation?.curl).toContain(`-d '{"kind":"a"}'`)
  expect(byTag(operation ? [operation] : []).map(([tag]) => tag)).toEqual(['things'])
  expect(shownOperations(operation ? [operation] : [], 'POST thing')).toHaveLength(1)
  expect(shownOperations(operation ? [operation] : [], 'get')).toHaveLength(0)
})
