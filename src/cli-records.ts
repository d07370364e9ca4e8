/** `carrel usage`, `carrel audit`: what was used and what was done, for an operator at the command line. */
import type { AuditView } from './control/audit.ts'
import type { AuditCheck } from './control/audit-trail.ts'
import type { Unopened } from './control/sealed-rows.ts'
import type { Rotation } from './control/sealing.ts'
import type { DayRange, UsageRow } from './control/usage.ts'
import { csvLine, csvNames } from './control/usage-csv.ts'

export const recordsUsage = `
  carrel usage [USER] [--from DAY] [--to DAY] [--csv]
                                   what every library used, by day; the last thirty
  carrel audit [USER] [--limit N]  what was done, the newest first
  carrel audit verify              read the whole audit; names every row that was tampered with
  carrel webhook list|dead         the webhooks; what was tried for a day and given up
  carrel webhook add URL [--events A,B]
  carrel webhook remove ID
  carrel webhook replay [MESSAGE]  try it for another day
  carrel secrets rotate            seal webhook secrets and chat keys anew, under another key
`

export const recordsOptions = {
  from: { type: 'string' },
  csv: { type: 'boolean', default: false },
  events: { type: 'string' },
  limit: { type: 'string', default: '50' },
} as const

export interface RecordsValues {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly csv: boolean
  readonly events?: string | undefined
  readonly limit: string
}

export interface RecordsOperator {
  usage(user: string | undefined, range: DayRange): Promise<readonly UsageRow[]>
  audit(user: string | undefined, limit: number): Promise<readonly AuditView[]>
  auditCheck(): Promise<AuditCheck>
  webhooks(): Promise<readonly object[]>
  webhookAdd(url: string, events: readonly string[] | undefined): Promise<object>
  webhookRemove(id: string): Promise<void>
  webhookDead(): Promise<readonly object[]>
  webhookReplay(message: string | undefined): Promise<void>
  /** Secrets that no key of the server opens. */
  unopenedSecrets(): Promise<readonly Unopened[]>
  rotateSecrets(): Promise<Rotation>
}

const dayMs = 86_400_000
const daysDefault = 30

/** @throws RangeError for a person */
export async function printUsage(
  operator: RecordsOperator,
  user: string | undefined,
  { from, to, csv }: RecordsValues,
): Promise<number> {
  const last = to ?? dayOf(Date.now())
  const first = from ?? dayOf(Date.parse(last) - (daysDefault - 1) * dayMs)
  for (const day of [first, last])
    if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(Date.parse(day)))
      throw new RangeError(`\`${day}\` is no day such as 2026-11-21`)
  const rows = await operator.usage(user, { from: first, to: last })
  if (csv) process.stdout.write(csvNames + rows.map(csvLine).join(''))
  else for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`)
  return 0
}

/** @throws RangeError for a person */
export async function printAudit(
  operator: RecordsOperator,
  [word]: readonly string[],
  { limit }: RecordsValues,
): Promise<number> {
  if (word === 'verify') return verify(operator)
  const rows = Number(limit)
  if (!(Number.isInteger(rows) && rows > 0 && rows <= 100_000))
    throw new RangeError('--limit takes a whole number up to 100000')
  for (const row of await operator.audit(word, rows))
    process.stdout.write(`${JSON.stringify({ ...row, at: new Date(row.at).toISOString() })}\n`)
  return 0
}

/** @throws RangeError for a person */
export async function printWebhook(
  operator: RecordsOperator,
  [verb = '', word]: readonly string[],
  { events }: RecordsValues,
): Promise<number> {
  if (verb === 'list') return lines(await operator.webhooks())
  if (verb === 'dead') return lines(await operator.webhookDead())
  if (verb === 'replay') {
    await operator.webhookReplay(word)
    return lines([{ replayed: word ?? 'all' }])
  }
  if (word === undefined || (verb !== 'add' && verb !== 'remove'))
    throw new RangeError('`carrel webhook list|add URL|remove ID|dead|replay`')
  if (verb === 'add') return lines([await operator.webhookAdd(word, events?.split(','))])
  await operator.webhookRemove(word)
  return lines([{ removed: word }])
}

/** @returns 1 when something could not be opened. @throws RangeError for a person */
export async function printSecrets(
  operator: RecordsOperator,
  [verb]: readonly string[],
): Promise<number> {
  if (verb !== 'rotate') throw new RangeError('`carrel secrets rotate`')
  const rotation = await operator.rotateSecrets()
  for (const { purpose, owner, reason } of rotation.unopened)
    process.stderr.write(`NOT OPENED ${purpose} ${owner}: ${reason}\n`)
  lines([{ ...rotation, unopened: rotation.unopened.length }])
  return rotation.unopened.length === 0 ? 0 : 1
}

function lines(rows: readonly object[]): number {
  for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`)
  return 0
}

/** @returns 1 when something was tampered with */
async function verify(operator: RecordsOperator): Promise<number> {
  const { rows, head, faults, names } = await operator.auditCheck()
  for (const { seq, what } of faults) process.stderr.write(`TAMPERED WITH: row ${seq} ${what}\n`)
  for (const name of names) process.stderr.write(`TAMPERED WITH: who ${name} is\n`)
  process.stdout.write(`${JSON.stringify({ rows, head, faults, names })}\n`)
  return faults.length + names.length === 0 ? 0 : 1
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10)
}
