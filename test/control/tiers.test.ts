/** Tiers: a bad file is refused with the line, a change counts without a restart, the operator's word comes first. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLogs } from '../../src/base/log.ts'
import { readConfig } from '../../src/config.ts'
import { createContext } from '../../src/context.ts'
import { Allowances } from '../../src/control/allowances.ts'
import { tierNames } from '../../src/control/limits.ts'
import { parseTiers, Tiers, tiersDefault } from '../../src/control/tiers.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { temporaryDirectory } from '../helpers.ts'

const alice = 'alice' as TenantId
const file = (change: (tiers: Record<string, unknown>) => void = () => undefined): string => {
  const tiers: Record<string, unknown> = Object.fromEntries(tierNames.map((name) => [name, {}]))
  change(tiers)
  return JSON.stringify(tiers, null, 2)
}

test('what a tier leaves out is built in', () => {
  const text = file((tiers) => {
    tiers['free'] = { documents: 3, bytes: null }
  })
  expect(parseTiers(text, 'tiers.json')).toEqual({
    ...tiersDefault,
    free: { ...tiersDefault.free, documents: 3, bytes: null },
  })
})

test.each<[string, string, string]>([
  ['an unknown tier', file((t) => Object.assign(t, { gold: {} })), '7: there is no `gold`'],
  [
    'an unknown limit',
    file((t) => Object.assign(t, { paid: { documents: 1, pages: 2 } })),
    '5: there is no `paid.pages`',
  ],
  [
    'a negative limit',
    file((t) => Object.assign(t, { paid: { documents: -1 } })),
    '4: `paid.documents`: ',
  ],
  ['a limit in text', file((t) => Object.assign(t, { ultra: { bytes: '1' } })), '6: `ultra.bytes`'],
  ['a broken limit', file((t) => Object.assign(t, { free: { bytes: 0.5 } })), '3: `free.bytes`'],
  [
    'a rate of nothing',
    file((t) => Object.assign(t, { free: { requests_per_minute: 0 } })),
    '3: `free.requests_per_minute`',
  ],
  [
    'a missing tier',
    file((t) => {
      delete t['premium']
    }),
    '1: the tier `premium` is missing',
  ],
  ['a tier that is a list', file((t) => Object.assign(t, { free: [] })), '2: `free`'],
  ['no object', '[]', '1: '],
  ['what is not JSON', '{\n  "free": {},\n  oops\n}', '3: is not JSON'],
  ['nothing', '', '1: is not JSON'],
])('%s is refused with its line', (_, text, words) => {
  expect(() => parseTiers(text, 'tiers.json')).toThrow(`TIERS_FILE: tiers.json:${words}`)
})

test('the tier is that of the last login; the operator’s word comes before it; both count at once', async () => {
  const written: unknown[] = []
  const allowances = new Allowances([], async (change) => void written.push(change))
  const tiers = new Tiers(allowances)
  expect(tiers.limitsOf(alice)).toBe(tiersDefault.free)
  allowances.noteTier(alice, 'paid')
  allowances.noteTier(alice, 'paid')
  expect(written.length).toBe(1)
  expect(tiers.limitsOf(alice)).toBe(tiersDefault.paid)
  await allowances.override(alice, { limits: { documents: 7 } })
  expect(tiers.limitsOf(alice)).toEqual({ ...tiersDefault.paid, documents: 7 })
  expect(tiers.limitsOf(alice)).toBe(tiers.limitsOf(alice))
  await allowances.override(alice, { tier: 'ultra', limits: { documents: null } })
  allowances.noteTier(alice, 'free')
  expect(tiers.tierOf(alice)).toBe('ultra')
  const table = parseTiers(
    file((t) => Object.assign(t, { ultra: { bytes: 5 } })),
    'f',
  )
  tiers.replace(table)
  expect(tiers.limitsOf(alice)).toMatchObject({ bytes: 5, documents: null })
  await allowances.override(alice, null)
  expect(tiers.limitsOf(alice)).toBe(table.free)
})

test.each([
  ['an unknown key', '{\n  "free": {"pages": 1}\n}', ':2: there is no `free.pages`'],
  ['a negative limit', '{\n  "free": {},\n  "paid": {"bytes": -1}\n}', ':3: `paid.bytes`'],
  ['a missing tier', '{"free": {}}', ':1: the tier `paid` is missing'],
])('a server does not start with %s, and says the line', async (_, text, words) => {
  const directory = temporaryDirectory()
  const path = join(directory, 'tiers.json')
  writeFileSync(path, text)
  const config = readConfig({ DATA_DIR: join(directory, 'data'), TIERS_FILE: path, PORT: '0' })
  await expect(createContext(config, openLogs('silent'))).rejects.toThrow(
    `TIERS_FILE: ${path}${words}`,
  )
})
