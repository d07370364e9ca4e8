/** Rows as objects, by makers that files share. */
import { expect, test } from 'vitest'
import { openMemoryDb } from '../../src/base/sqlite.ts'

test('whatever its columns are called, a row has them, and nothing else', () => {
  const db = openMemoryDb([])
  const row = db.get(`SELECT 1 AS "__proto__", 2 AS "a ""b"" '\\", NULL AS absent`)
  expect(Object.entries(row ?? {})).toEqual([
    ['__proto__', 1],
    [`a "b" '\\`, 2],
    ['absent', null],
  ])
  expect(db.get('SELECT 1 AS one WHERE 0')).toBeUndefined()
  expect(db.all('SELECT 1 AS one WHERE 0')).toEqual([])
  db.close()
})

test('the same text asked of files with other columns gives those of each', () => {
  const open = (columns: string) => openMemoryDb([`CREATE TABLE t (${columns})`])
  const [narrow, wide] = [open('a'), open('a, b')]
  for (const db of [narrow, wide]) db.run('INSERT INTO t (a) VALUES (1)')
  for (let n = 0; n < 2; n++) {
    expect(narrow.all('SELECT * FROM t')).toEqual([{ a: 1 }])
    expect(wide.all('SELECT * FROM t')).toEqual([{ a: 1, b: null }])
  }
  for (const db of [narrow, wide]) db.close()
})
