/** Names: every id has one directory, no two ids share one, none is a path. */
import { expect, test } from 'vitest'
import { parseTenantId, tenantOf } from '../../src/tenancy/tenant-id.ts'

test('an id of the bare grammar is its own name', () => {
  for (const id of ['alice', '0f8fad5b-d9cb-469f-a165-70867728950e', 'a_b-9', 'x'.repeat(64)])
    expect(tenantOf(id)).toBe(id)
})

test('twins that a file system could fold get directories of their own', () => {
  const twins = [
    'Alice',
    'ALICE',
    'caf\u00e9',
    'cafe\u0301',
    'auth0|Ab1',
    'auth0|ab1',
    'a@b.c',
    '../x',
    '.',
    '..',
    'CON',
    'x'.repeat(65),
    '__proto__',
    '-a',
    '_a',
    'local',
    '😀',
  ]
  const names = twins.map((id) => tenantOf(id))
  expect(new Set(names).size).toBe(twins.length)
  for (const name of names) expect(name).toMatch(/^_[a-z2-7]{52}$/)
})

test('an id of another issuer is never bare, and differs by issuer', () => {
  const names = [tenantOf('alice'), tenantOf('alice', 'https://a'), tenantOf('alice', 'https://b')]
  expect(new Set(names).size).toBe(3)
  expect(names.slice(1).every((name) => name?.startsWith('_'))).toBe(true)
})

test('what is not an id has no directory', () => {
  for (const id of ['', 'a\0b', 'a\nb', '\u0085', '\ud800', 'é'.repeat(128)])
    expect(tenantOf(id), JSON.stringify(id)).toBeUndefined()
  expect(tenantOf('é'.repeat(127))).toBeDefined()
})

test('a directory name is read back only when a tenant can be called so', () => {
  expect(parseTenantId('local')).toBe('local')
  expect(parseTenantId(tenantOf('A') ?? '')).toBe(tenantOf('A'))
  for (const name of ['.carrel', 'A', '_x', '..', '']) expect(parseTenantId(name)).toBeUndefined()
})
