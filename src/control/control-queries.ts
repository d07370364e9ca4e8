/** What can be asked of control.db, by name; answered by its thread, behind the changes that were sent before. */
import type { Db } from '../base/sqlite.ts'
import { auditNames, auditOf, auditOfAll, auditRows } from './audit.ts'
import { diskSizes } from './disk-sizes.ts'
import type { RequestLog } from './request-log.ts'
import { readSealedRows } from './sealed-rows.ts'
import { usageByDay, usageByUser, usageOfAll } from './usage.ts'
import { deadDeliveries, dueDeliveries } from './webhooks.ts'

export const controlQueries = {
  'usage.days': usageByDay,
  'usage.users': usageByUser,
  'usage.all': usageOfAll,
  'audit.own': auditOf,
  'audit.all': auditOfAll,
  'audit.rows': auditRows,
  'audit.names': auditNames,
  'secrets.rows': (db: Db, _: null) => readSealedRows(db),
  'webhooks.due': dueDeliveries,
  'webhooks.dead': deadDeliveries,
  'disk.sizes': diskSizes,
  'requests.page': (_db: Db, args: Parameters<RequestLog['page']>[0], requests?: RequestLog) =>
    requests?.page(args) ?? [],
} as const satisfies Readonly<
  Record<string, (db: Db, args: never, requests?: RequestLog) => unknown>
>

export type QueryName = keyof typeof controlQueries
export type QueryArgs<Name extends QueryName> = Parameters<(typeof controlQueries)[Name]>[1]
export type QueryResult<Name extends QueryName> = ReturnType<(typeof controlQueries)[Name]>

/** To the thread. */
export interface Question {
  readonly ask: number
  readonly name: QueryName
  readonly args: unknown
}

/** From the thread. */
export interface QuestionAnswer {
  readonly ask: number
  readonly result?: unknown
  readonly error?: string
}

export function answerQuestion(
  db: Db,
  { ask, name, args }: Question,
  requests?: RequestLog,
): QuestionAnswer {
  try {
    return { ask, result: controlQueries[name](db, args as never, requests) }
  } catch (error) {
    return { ask, error: error instanceof Error ? error.message : String(error) }
  }
}
