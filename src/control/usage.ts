/** What every tenant used, by day and user: the table, how counts are added to it, and how it is read. */
import type { Db } from '../base/sqlite.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

export const usageSql = `
CREATE TABLE usage (
  tenant TEXT NOT NULL,
  -- Empty: what the server did for the library, and nobody in particular.
  user_id TEXT NOT NULL,
  -- ISO date, UTC.
  day TEXT NOT NULL,
  requests INTEGER NOT NULL,
  searches INTEGER NOT NULL,
  pages_read INTEGER NOT NULL,
  chat_tokens_in INTEGER NOT NULL,
  chat_tokens_out INTEGER NOT NULL,
  seconds REAL NOT NULL,
  -- Of originals, as they were last seen on that day; NULL where nothing changed.
  bytes_stored INTEGER,
  PRIMARY KEY (tenant, user_id, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX usage_by_day ON usage (day, tenant);
`

const upsertUsage = `INSERT INTO usage (tenant, user_id, day, requests, searches, pages_read, chat_tokens_in,
  chat_tokens_out, seconds, bytes_stored) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (tenant, user_id, day) DO UPDATE SET requests = requests + excluded.requests,
  searches = searches + excluded.searches, pages_read = pages_read + excluded.pages_read,
  chat_tokens_in = chat_tokens_in + excluded.chat_tokens_in,
  chat_tokens_out = chat_tokens_out + excluded.chat_tokens_out, seconds = seconds + excluded.seconds,
  bytes_stored = coalesce(excluded.bytes_stored, bytes_stored)`
const selectChatTokens = `SELECT tenant, sum(chat_tokens_in) + sum(chat_tokens_out) AS tokens FROM usage
  WHERE day = ? GROUP BY tenant HAVING tokens > 0`
const deleteUsage = 'DELETE FROM usage WHERE tenant = ?'
const sums = `sum(u.requests) AS requests, sum(u.searches) AS searches, sum(u.pages_read) AS pages_read,
  sum(u.chat_tokens_in) AS chat_tokens_in, sum(u.chat_tokens_out) AS chat_tokens_out, sum(u.seconds) AS seconds`
/** The last that was seen up to that day. */
const bytesStored = `(SELECT l.bytes_stored FROM usage l WHERE l.tenant = u.tenant AND l.user_id = ''
  AND l.day <= u.day AND l.bytes_stored IS NOT NULL ORDER BY l.day DESC LIMIT 1) AS bytes_stored`
const selectDays = `SELECT u.day, ${sums}, ${bytesStored} FROM usage u
  WHERE u.tenant = @tenant AND u.day BETWEEN @from AND @to AND (@user IS NULL OR u.user_id = @user)
  GROUP BY u.day ORDER BY u.day DESC`
const selectUsers = `SELECT u.user_id, ${sums} FROM usage u WHERE u.tenant = @tenant AND u.day BETWEEN @from AND @to
  GROUP BY u.user_id ORDER BY requests DESC, u.user_id LIMIT @limit`
const selectAll = `SELECT u.day, u.tenant, t.user_id, ${sums}, ${bytesStored}
  FROM usage u JOIN tenants t ON t.id = u.tenant
  WHERE u.day BETWEEN @from AND @to AND (@tenant IS NULL OR u.tenant = @tenant)
  AND (u.day, u.tenant) > (@afterDay, @afterTenant) GROUP BY u.day, u.tenant ORDER BY u.day, u.tenant LIMIT @limit`

export interface Counts {
  requests: number
  searches: number
  /** Pages of documents that were read into the library. */
  pages_read: number
  chat_tokens_in: number
  chat_tokens_out: number
  /** Of work: the time that operations took in the shard's thread. Readings of documents, in processes of their own, are not in it. */
  seconds: number
}

/** What is added to one row. */
export interface UsageAdded extends Counts {
  readonly tenant: TenantId
  readonly userId: string
  readonly day: string
  /** Not added: the last one counts. */
  readonly bytes_stored: number | null
}

export type UsageChange =
  | { readonly kind: 'usage'; readonly added: readonly UsageAdded[] }
  | { readonly kind: 'usage_removed'; readonly tenant: TenantId }

export interface UsageDay extends Counts {
  readonly day: string
  readonly bytes_stored: number | null
}

export interface UsageOfUser extends Counts {
  readonly user_id: string
}

export interface UsageRow extends UsageDay {
  readonly tenant: TenantId
  readonly user_id: string
}

/** Days as ISO dates, both included. */
export interface DayRange {
  readonly from: string
  readonly to: string
}

export function applyUsage(db: Db, change: UsageChange): void {
  if (change.kind === 'usage_removed') {
    db.run(deleteUsage, change.tenant)
    return
  }
  for (const row of change.added)
    db.run(
      upsertUsage,
      row.tenant,
      row.userId,
      row.day,
      row.requests,
      row.searches,
      row.pages_read,
      row.chat_tokens_in,
      row.chat_tokens_out,
      row.seconds,
      row.bytes_stored,
    )
}

/** What chat models read and wrote for each tenant on a day. */
export function chatTokensOf(
  db: Db,
  day: string,
): { readonly day: string; readonly tokens: readonly (readonly [TenantId, number])[] } {
  const rows = db.all<{ tenant: TenantId; tokens: number }>(selectChatTokens, day)
  return { day, tokens: rows.map(({ tenant, tokens }) => [tenant, tokens]) }
}

/** One tenant's days, the newest first. @param user null for everybody together */
export function usageByDay(
  db: Db,
  { tenant, user, from, to }: DayRange & { tenant: TenantId; user: string | null },
): UsageDay[] {
  return db.all<UsageDay>(selectDays, { tenant, user, from, to })
}

/** Who of a tenant used how much, whoever asked most first. */
export function usageByUser(
  db: Db,
  { tenant, from, to, limit }: DayRange & { tenant: TenantId; limit: number },
): UsageOfUser[] {
  return db.all<UsageOfUser>(selectUsers, { tenant, from, to, limit })
}

/** By day and tenant. @param after the day and tenant of the last row of the page before */
export function usageOfAll(
  db: Db,
  {
    tenant,
    after = ['', ''],
    ...range
  }: DayRange & {
    readonly tenant: TenantId | null
    readonly after?: readonly [string, string] | undefined
    readonly limit: number
  },
): UsageRow[] {
  const { from, to, limit } = range
  const [afterDay, afterTenant] = after
  return db.all<UsageRow>(selectAll, { from, to, limit, tenant, afterDay, afterTenant })
}
