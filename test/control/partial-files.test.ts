/** Parts of resumable uploads on disk: what cannot be read now is neither gone nor left over. */
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import { PartFiles } from '../../src/control/partial-files.ts'
import { partialDirectory, partialPath } from '../../src/tenancy/layout.ts'
import { temporaryDirectory } from '../helpers.ts'

const id = '0123456789abcdef0123456789abcdef'

test('a part that cannot be read for a while is kept, and found afterwards', async () => {
  const directory = temporaryDirectory()
  mkdirSync(dirname(partialDirectory(directory)), { recursive: true })
  const parts = new PartFiles(directory)
  expect(await parts.find(id)).toBeUndefined()
  expect(await parts.list(Number.POSITIVE_INFINITY)).toEqual([])
  await parts.create(id, { length: 3, filename: 'a.md', title: null, tags: [] })
  const info = `${partialPath(directory, id)}.json`
  const aside = `${directory}.aside`
  renameSync(info, aside)
  // Cannot be opened by anybody, as any file where there is no descriptor.
  symlinkSync(info, info)
  await expect(parts.find(id)).rejects.toThrow('ELOOP')
  await expect(parts.list(Number.POSITIVE_INFINITY)).rejects.toThrow('ELOOP')
  expect(existsSync(partialPath(directory, id))).toBe(true)
  rmSync(info)
  renameSync(aside, info)
  expect(await parts.find(id)).toMatchObject({ id, offset: 0 })
})
