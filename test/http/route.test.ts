import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Scope } from '../../src/auth/principal.ts'
import { type RouteSpec, route } from '../../src/http/route.ts'
import { json } from '../../src/http/wire.ts'

const none = z.undefined()
type Spec = RouteSpec<Scope, typeof none, typeof none, typeof none, typeof none>
const spec: Spec = {
  method: 'get',
  path: '/x',
  scope: 'read',
  summary: 'Nothing',
  reply: { status: 204, description: 'Nothing.' },
  handle: () => undefined,
}

test('a route that is completely stated is one', () => {
  expect(route(spec)).toMatchObject({ method: 'get', path: '/x', scope: 'read' })
})

test.each<[string, object, RegExp]>([
  ['without a scope', { scope: undefined }, /GET \/x does not say which scope/],
  ['with a scope there is not', { scope: 'everything' }, /does not say which scope/],
  ['with a path that is none', { path: 'x' }, /slash/],
  [
    'that changes something the audit has no word for',
    { method: 'post' },
    /what the audit calls it/,
  ],
  ['with a word the audit has not', { method: 'delete', audit: 'x' }, /what the audit calls it/],
  ['with a body where there is none', { body: z.object({}) }, /no body/],
])('a route %s does not start', (_, wrong, words) => {
  expect(() => route({ ...spec, ...wrong } as Spec)).toThrow(words)
})

test('a parameter that does not fit is an address that does not exist', () => {
  const { check } = route({
    ...spec,
    params: z.object({ n: z.string().regex(/^\d+$/) }),
    missing: 'There is no such number.',
    reply: json(z.string(), 'Text.'),
    handle: ({ params }) => params.n,
  })
  const nothing = { query: undefined, body: undefined }
  expect(check({ params: { n: '7' }, ...nothing })).toMatchObject({ params: { n: '7' } })
  expect(() => check({ params: { n: 'x' }, ...nothing })).toThrow('There is no such number.')
})
