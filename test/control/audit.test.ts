/** The audit: only added to, a chain that names the row that was tampered with, and names that go with their owner. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeDirectory } from '../../src/base/fs.ts'
import { type Db, openDb } from '../../src/base/sqlite.ts'
import { auditActions } from '../../src/control/audit-actions.ts'
import { type AuditRow, ChainCheck, chainBegin, rowHash } from '../../src/control/audit-chain.ts'
import { type Audited, AuditTrail } from '../../src/control/audit-trail.ts'
import { Control } from '../../src/control/control.ts'
import { controlApplicationId, controlMigrations } from '../../src/control/schema.ts'
import { controlDbPath, serverDirectory } from '../../src/tenancy/layout.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { keptDirectory } from '../helpers.ts'

const dataDir = keptDirectory()
const path = controlDbPath(dataDir)
const users = ['ann', 'ben', 'cleo'] as const
const actions = 1_000
let control: Control
let trail: AuditTrail

const open = async (): Promise<void> => {
  control = await Control.open(path)
  trail = new AuditTrail({
    control,
    onFault: (error) => {
      throw error
    },
  })
}
/** With the server stopped, as somebody with the file does it. */
const withFile = async (work: (db: Db) => void): Promise<void> => {
  await control.close()
  const db = openDb(path, {
    mode: 'open',
    synchronous: 'FULL',
    applicationId: controlApplicationId,
    migrations: controlMigrations,
  })
  try {
    work(db)
  } finally {
    db.close()
    await open()
  }
}
const actionOf = (n: number): Audited => {
  const user = users[n % 3] ?? 'ann'
  const isOperator = n % 7 === 0
  return {
    action: auditActions[n % auditActions.length] ?? 'sign_in',
    tenant: user as TenantId,
    actor: isOperator ? { kind: 'operator' } : { kind: 'user', name: user },
    via: isOperator ? 'operator' : 'jwt',
    target: n % 2 === 0 ? `doc_${'a'.repeat(26)}` : null,
    address: `203.0.113.${n % 50}`,
    outcome: n % 5 === 0 ? 'not_found' : 'ok',
  }
}

beforeAll(async () => {
  makeDirectory(serverDirectory(dataDir))
  await open()
  for (const id of users)
    await control.addTenant({ id: id as TenantId, userId: id, generation: 'g', atMs: 1 })
  await Promise.all(Array.from({ length: actions }, (_, n) => trail.write(actionOf(n))))
})
afterAll(() => control.close())

test('a thousand mixed actions are a whole chain, and nothing of it can be changed or deleted', async () => {
  const check = await trail.check()
  expect(check).toMatchObject({ rows: actions, faults: [], names: [], head: { seq: actions } })
  await withFile((db) => {
    expect(() => db.run('UPDATE audit SET outcome = ? WHERE seq = 5', 'ok')).toThrow(
      /only added to/,
    )
    expect(() => db.run('DELETE FROM audit WHERE seq = 5')).toThrow(/only added to/)
    const text = JSON.stringify(db.all('SELECT * FROM audit'))
    for (const name of [...users, '203.0.113']) expect(text).not.toContain(`"${name}`)
  })
})

test('whichever row is tampered with, and however, it is named', async () => {
  const rows: AuditRow[] = []
  for (let after = 0; after < actions; after = rows.length)
    rows.push(...(await control.ask('audit.rows', { after, limit: 400 })).rows)
  const head = { seq: actions, hash: rows.at(-1)?.hash ?? '' }
  const named = (tampered: readonly AuditRow[]): number[] => {
    const chain = new ChainCheck()
    for (const row of tampered) chain.add(row)
    chain.end(head)
    return chain.faults.map(({ seq }) => seq)
  }
  expect(named(rows)).toEqual([])
  const anew = (row: AuditRow): AuditRow => ({ ...row, hash: rowHash(row) })
  const ways: readonly [string, (row: AuditRow) => AuditRow | undefined][] = [
    ['what it says', (row) => ({ ...row, actor: 'nobody' })],
    ['its time', (row) => ({ ...row, at: row.at + 1 })],
    ['its hash', (row) => ({ ...row, hash: chainBegin })],
    ['what it says, with a hash made anew', (row) => anew({ ...row, action: 'forged' })],
    ['what it follows, with a hash made anew', (row) => anew({ ...row, previous: 'f'.repeat(64) })],
    ['deleted', () => undefined],
  ]
  const places = [0, 1, 499, actions - 2, actions - 1]
  for (let n = 0; n < 5; n++) places.push(Math.floor(Math.random() * actions))
  for (const [way, change] of ways)
    for (const at of places) {
      const tampered = rows.flatMap((row, i) => (i === at ? (change(row) ?? []) : row))
      expect([way, at, named(tampered)]).toEqual([way, at, [at + 1]])
    }
  const swapped = rows.with(10, rows[11] as AuditRow).with(11, rows[10] as AuditRow)
  expect(named(swapped).length).toBeGreaterThan(0)
})

test('every column of every row: a change to any is found, and its row named', {
  timeout: 600_000,
}, async () => {
  // The check reads the chain from its first row: all thousand rows take a thousand times as long as sixty.
  const size = process.env['CARREL_LONG'] === '1' ? actions : 60
  const rows: AuditRow[] = []
  for (let after = 0; after < size; after = rows.length)
    rows.push(...(await control.ask('audit.rows', { after, limit: size - after })).rows)
  const head = { seq: size, hash: rows.at(-1)?.hash ?? '' }
  const columns = Object.keys(rows[0] ?? {}) as (keyof AuditRow)[]
  expect(columns.length).toBe(11)
  let changed = 0
  for (const [at, row] of rows.entries())
    for (const column of columns)
      for (const isAnew of [false, true]) {
        const value = row[column]
        const other = typeof value === 'number' ? value + 1_000_000 : `${value ?? ''}x`
        const forged = { ...row, [column]: other }
        if (isAnew) forged.hash = rowHash(forged)
        // Its hash, made anew: that is the row as it was.
        if (forged.hash === row.hash && column === 'hash') continue
        const chain = new ChainCheck()
        // By their number, as the table gives them.
        for (const each of rows.with(at, forged).toSorted((a, b) => a.seq - b.seq)) chain.add(each)
        chain.end(head)
        const named = chain.faults.map(({ seq }) => seq)
        if (column === 'seq')
          expect([at, column, named]).toEqual([at, column, expect.arrayContaining([at + 1])])
        else expect([at, column, named]).toEqual([at, column, [at + 1]])
        changed++
      }
  expect(changed).toBe(size * (2 * 11 - 1))
})

test('in the file: a row changed, rows cut off at the end, another name behind a pseudonym', async () => {
  const whole = (await trail.check()).head
  await withFile((db) => {
    db.script('DROP TRIGGER audit_is_not_changed')
    db.run("UPDATE audit SET outcome = 'ok' WHERE seq = 501")
    db.run("UPDATE audit_names SET name = 'mallory' WHERE kind = 'user' AND name = 'ben'")
  })
  const changed = await trail.check()
  expect(changed.faults).toEqual([{ seq: 501, what: expect.stringMatching(/was changed/) }])
  expect(changed.names).toEqual([expect.stringMatching(/^u_[a-z2-7]{26}$/)])
  await withFile((db) => {
    db.run("UPDATE audit SET outcome = 'not_found' WHERE seq = 501")
    db.run("UPDATE audit_names SET name = 'ben' WHERE kind = 'user' AND name = 'mallory'")
    db.script('DROP TRIGGER audit_is_not_deleted')
    db.run('DELETE FROM audit WHERE seq > 990')
  })
  expect((await trail.check()).faults).toEqual([
    { seq: 991, what: 'is missing (and those after it up to 1000)' },
  ])
  expect(whole.seq).toBe(actions)
})

test('a deletion takes the names and leaves the chain; nothing about who is gone is written again', async () => {
  const ann = 'ann' as TenantId
  const page = { before: Number.MAX_SAFE_INTEGER, limit: 200, isOwn: true }
  const own = await control.ask('audit.own', { tenant: ann, user: null, ...page })
  expect(own.length).toBeGreaterThan(100)
  expect(new Set(own.map(({ tenant }) => tenant))).toEqual(new Set(['ann']))
  // Where the operator sits is not the user's to know.
  expect(own.find(({ actor }) => actor === 'operator')?.address).toBeNull()
  const bens = await control.ask('audit.own', { tenant: ann, user: 'ben', ...page })
  expect(bens).toEqual([])

  await control.endDeletion(ann, 'g', 'receipt')
  await trail.write(actionOf(0 + 3))
  expect(await control.ask('audit.own', { tenant: ann, user: null, ...page })).toEqual([])
  const [last] = await control.ask('audit.all', { ...page, action: null })
  expect(last).toMatchObject({ tenant: null, actor: 'unknown', user: null, address: null })
  await withFile((db) => {
    expect(JSON.stringify(db.all('SELECT * FROM audit_names'))).not.toContain('"ann"')
  })
  const { faults } = await trail.check()
  expect(faults.map(({ seq }) => seq)).toEqual([991])
})

test('failed sign-ins and refusals are bounded, successes are not', async () => {
  const page = { before: Number.MAX_SAFE_INTEGER, limit: 1_000 }
  const count = async (action: string) =>
    (await control.ask('audit.all', { ...page, action })).filter(({ via }) => via === 'credential')
      .length
  for (let n = 0; n < 500; n++) trail.signInFailed('198.51.100.7')
  for (let n = 0; n < 500; n++) trail.signInFailed(`198.51.100.${n % 100}`)
  const before = await trail.check()
  await Promise.all(Array.from({ length: 200 }, (_, n) => trail.noteRefusal(actionOf(n * 21 + 1))))
  const after = await trail.check()
  expect(await count('sign_in')).toBe(300)
  expect(after.rows - before.rows).toBe(60)
})
