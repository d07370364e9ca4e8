/** The operator's side, as the app asks for it. */
import { request } from './http.ts'
import type {
  Allowance,
  ApiKey,
  AuditRow,
  Finding,
  RequestRow,
  ServerFigures,
  Snapshot,
  Tenant,
  UsageRow,
} from './types-admin.ts'

interface Page<T> {
  readonly items: readonly T[]
  readonly next_cursor: string | null
}

const root = '/admin/v1'
const at = (user: string): string => `${root}/tenants/${encodeURIComponent(user)}`

export const getServer = (signal?: AbortSignal): Promise<ServerFigures> =>
  request(`${root}/server`, { signal })

export const getFindings = async (): Promise<readonly Finding[]> =>
  (await request<Page<Finding>>(`${root}/findings`)).items

export const getRequests = async (limit: number): Promise<readonly RequestRow[]> =>
  (await request<Page<RequestRow>>(`${root}/requests?limit=${limit}`)).items

/** Page after page, handed on as it comes; at most `pagesMax`. @returns whether that was all */
async function pages<T>(
  path: string,
  pagesMax: number,
  onPage: (items: readonly T[]) => void,
): Promise<boolean> {
  let cursor: string | null = null
  for (let page = 0; page < pagesMax; page++) {
    const after: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const { items, next_cursor }: Page<T> = await request(path + after)
    onPage(items)
    cursor = next_cursor
    if (cursor === null) return true
  }
  return false
}

const tenantPagesMax = 1_000
const usagePagesMax = 20

export const listTenants = (onPage: (items: readonly Tenant[]) => void): Promise<boolean> =>
  pages(`${root}/tenants?limit=100`, tenantPagesMax, onPage)

/** @param from the first day, such as `2026-11-01` */
export const listUsage = (
  from: string,
  onPage: (items: readonly UsageRow[]) => void,
): Promise<boolean> => pages(`${root}/usage?limit=1000&from=${from}`, usagePagesMax, onPage)

export const getTenant = (user: string): Promise<Tenant> => request(at(user))

export const setState = (
  user: string,
  state: 'active' | 'read_only' | 'suspended',
): Promise<Tenant> => request(`${at(user)}/state`, { method: 'PUT', body: { state } })

export const deleteTenant = (user: string): Promise<unknown> =>
  request(at(user), { method: 'DELETE', body: { confirm: user } })

export const getHealth = (
  user: string,
): Promise<{ problem: { code: string; detail: string } | null }> => request(`${at(user)}/health`)

export const getAllowance = (user: string): Promise<Allowance> => request(`${at(user)}/allowance`)

export const listSnapshots = async (user: string): Promise<readonly Snapshot[]> =>
  (await request<{ items: readonly Snapshot[] }>(`${at(user)}/snapshots`)).items

export const makeSnapshot = (user: string): Promise<Snapshot> =>
  request(`${at(user)}/snapshots`, { method: 'POST' })

export const listKeys = async (user: string): Promise<readonly ApiKey[]> =>
  (await request<Page<ApiKey>>(`${at(user)}/keys`)).items

export const endKey = (user: string, id: string): Promise<void> =>
  request(`${at(user)}/keys/${encodeURIComponent(id)}`, { method: 'DELETE' })

export const listAudit = async (user: string): Promise<readonly AuditRow[]> =>
  (await request<Page<AuditRow>>(`${root}/audit?limit=50&user_id=${encodeURIComponent(user)}`))
    .items
