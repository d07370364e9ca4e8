/** The tortures of vectors: short and seeded here, whole in `npm run test:long`. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const isLong = process.env['CARREL_LONG'] === '1'
const run = promisify(execFile)

interface Torture {
  readonly torture: string
  readonly seed: number
  readonly figures: Readonly<Record<string, number>>
  readonly failures: readonly unknown[]
}

/** @throws when it exits with a failure; what failed is in the message */
async function torture(...args: readonly string[]): Promise<Torture> {
  const all = ['bench/torture.ts', ...args, '--seed', '7', '--json']
  const { stdout } = await run(process.execPath, all, { env: { PATH: process.env['PATH'] } })
  return JSON.parse(stdout) as Torture
}

test('embed: killed while a model is changed', { timeout: 180_000 }, async () => {
  const { figures, failures } = await torture('embed', '--kills', '1', '--passages', '100')
  expect(failures).toEqual([])
  expect(figures['stored']).toBe(figures['passages'])
})

test('erase: nothing is left of what was deleted', { timeout: 180_000 }, async () => {
  const { figures, failures } = await torture('erase', '--passages', '120')
  expect(failures).toEqual([])
  expect(figures['words_deleted']).toBeGreaterThan(100)
})

const why = isLong ? '' : 'skipped: part of `npm run test:long`'
describe.skipIf(!isLong)(`20,000 passages ${why}`, { timeout: 3_600_000 }, () => {
  test('embed, killed ten times', async () => {
    expect((await torture('embed', '--kills', '10')).failures).toEqual([])
  })

  test('erase', async () => {
    expect((await torture('erase')).failures).toEqual([])
  })
})
