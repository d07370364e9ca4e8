/** The operator's side, by the names that the app has for it. */
import type { Answer } from './types.ts'

export type Tenant = Answer<'/admin/v1/tenants/{user_id}', 'get'>
export type TenantStateName = Tenant['state']
export type UsageRow = Omit<
  Answer<'/admin/v1/usage', 'get'>['items'][number],
  'user_id' | 'seconds'
>
export type ServerFigures = Answer<'/admin/v1/server', 'get'>
export type RequestRow = Pick<
  Answer<'/admin/v1/requests', 'get'>['items'][number],
  'at' | 'route' | 'status' | 'ms'
>
export type Finding = Answer<'/admin/v1/findings', 'get'>['items'][number]
export type Snapshot = Answer<'/admin/v1/tenants/{user_id}/snapshots', 'get'>['items'][number]
export type ApiKey = Answer<'/v1/keys', 'get'>['items'][number]
export type AuditRow = Answer<'/admin/v1/audit', 'get'>['items'][number]
export type Allowance = Answer<'/admin/v1/tenants/{user_id}/allowance', 'get'>
