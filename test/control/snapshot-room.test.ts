/** What snapshots take together, and which of them go: the oldest, but never the last one of anybody. */
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { overflowing, readSnapshots } from '../../src/control/snapshot-room.ts'
import { temporaryDirectory } from '../helpers.ts'

const nobody = (): boolean => false
const at = (hour: number): string => `2026112${hour}T000000000Z`

function snapshot(place: string, user: string, name: string, bytes: number, original?: string) {
  const directory = join(place, user, name)
  mkdirSync(join(directory, 'books'), { recursive: true })
  writeFileSync(join(directory, 'app.db'), Buffer.alloc(bytes))
  if (original !== undefined) linkSync(original, join(directory, 'books', 'a.pdf'))
}

test('the oldest of all go first, and of every tenant one stays, and what is kept', async () => {
  const place = temporaryDirectory()
  for (const [user, ...hours] of [
    ['ann', 1, 3, 5],
    ['ben', 2, 4],
    ['cleo', 0],
  ] as const)
    for (const hour of hours) snapshot(place, user, at(hour), 100)
  mkdirSync(join(place, '.building/ann.0123'), { recursive: true })
  const all = await readSnapshots(place)
  const going = (bytesMax: number, isKept: Parameters<typeof overflowing>[2] = nobody): string[] =>
    overflowing(all, bytesMax, isKept).map(({ tenant, name }) => `${tenant} ${name[7]}`)
  expect(going(600)).toEqual([])
  expect(going(599)).toEqual(['ann 1'])
  expect(going(400)).toEqual(['ann 1', 'ben 2'])
  expect(going(1)).toEqual(['ann 1', 'ben 2', 'ann 3'])
  expect(going(1, ({ name }) => name === at(1))).toEqual(['ben 2', 'ann 3'])
})

test('an original that the library has takes no room; one that only snapshots have takes it once', async () => {
  const [place, library] = [temporaryDirectory(), temporaryDirectory()]
  const original = join(library, 'a.pdf')
  writeFileSync(original, Buffer.alloc(1_000))
  for (const hour of [1, 2, 3]) snapshot(place, 'ann', at(hour), 100, original)
  const going = async (bytesMax: number): Promise<number> =>
    overflowing(await readSnapshots(place), bytesMax, nobody).length
  expect(await going(300)).toBe(0)
  rmSync(original)
  expect(await going(1_300)).toBe(0)
  expect(await going(1_299)).toBe(1)
  expect(await going(1)).toBe(2)
})
