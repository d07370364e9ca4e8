/** The operator's figures: requests gathered into bars, libraries with their use, searched and sorted. */
import type { RequestRow, Tenant, UsageRow } from '../api/types-admin.ts'

export interface Bar {
  /** When its stretch begins, in milliseconds. */
  readonly fromMs: number
  readonly requests: number
  /** Of them, those that the server failed at. */
  readonly failed: number
  /** In milliseconds; null without requests. */
  readonly medianMs: number | null
  readonly slowMs: number | null
}

/**
 * @param rows in any order
 * @returns `count` stretches of `stepMs`, the last one ending now
 */
export function requestBars(
  rows: readonly RequestRow[],
  nowMs: number,
  stepMs: number,
  count: number,
): Bar[] {
  const fromMs = nowMs - stepMs * count
  const times = Array.from({ length: count }, (): number[] => [])
  const failed = Array.from({ length: count }, () => 0)
  for (const { at, ms, status } of rows) {
    const place = Math.floor((Date.parse(at) - fromMs) / stepMs)
    times[place]?.push(ms)
    if (status >= 500 && failed[place] !== undefined) failed[place]++
  }
  return times.map((all, place) => {
    const sorted = all.toSorted((a, b) => a - b)
    return {
      fromMs: fromMs + place * stepMs,
      requests: sorted.length,
      failed: failed[place] ?? 0,
      medianMs: shareOf(sorted, 0.5),
      slowMs: shareOf(sorted, 0.95),
    }
  })
}

function shareOf(sorted: readonly number[], share: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
}

export interface TenantRow extends Tenant {
  readonly requests: number
  readonly searches: number
  readonly tokens: number
  /** Null where nothing was seen in these days. */
  readonly bytes: number | null
}

export const tenantSorts = [
  'name',
  'state',
  'requests',
  'searches',
  'tokens',
  'bytes',
  'created',
] as const
export type TenantSort = (typeof tenantSorts)[number]

/** Every library with the sums of its days; what it stores is what was seen last. */
export function withUsage(tenants: readonly Tenant[], usage: readonly UsageRow[]): TenantRow[] {
  const byTenant = Map.groupBy(usage, ({ tenant }) => tenant)
  return tenants.map((tenant) => {
    const days = byTenant.get(tenant.tenant) ?? []
    const sum = (of: (row: UsageRow) => number): number =>
      days.reduce((total, row) => total + of(row), 0)
    const last = days.toSorted((a, b) => b.day.localeCompare(a.day))
    return {
      ...tenant,
      requests: sum((row) => row.requests),
      searches: sum((row) => row.searches),
      tokens: sum((row) => row.chat_tokens_in + row.chat_tokens_out),
      bytes: last.find((row) => row.bytes_stored !== null)?.bytes_stored ?? null,
    }
  })
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })
const orders: Readonly<Record<TenantSort, (a: TenantRow, b: TenantRow) => number>> = {
  name: (a, b) => collator.compare(a.user_id, b.user_id),
  // What is held back comes first.
  state: (a, b) => Number(a.state === 'active') - Number(b.state === 'active'),
  requests: (a, b) => b.requests - a.requests,
  searches: (a, b) => b.searches - a.searches,
  tokens: (a, b) => b.tokens - a.tokens,
  bytes: (a, b) => (b.bytes ?? -1) - (a.bytes ?? -1),
  created: (a, b) => b.created_at.localeCompare(a.created_at),
}

/** @param filter words that user, directory or state have to contain */
export function shownTenants(
  rows: readonly TenantRow[],
  { filter, sort, isReversed }: { filter: string; sort: TenantSort; isReversed: boolean },
): TenantRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  const found = rows
    .filter((row) => {
      const text = `${row.user_id}\n${row.tenant}\n${row.state}`.toLowerCase()
      return words.every((word) => text.includes(word))
    })
    .toSorted(orders[sort])
  return isReversed ? found.reverse() : found
}
