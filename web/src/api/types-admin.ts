/** What the operator's side of the server says, as far as the app looks at it. */

export type TenantStateName =
  | 'active'
  | 'read_only'
  | 'suspended'
  | 'at_rest'
  | 'restoring'
  | 'migrating'
  | 'deleting'

export interface Tenant {
  readonly user_id: string
  readonly tenant: string
  readonly state: TenantStateName
  readonly until: string | null
  readonly generation: string
  readonly created_at: string
}

export interface UsageRow {
  readonly day: string
  readonly tenant: string
  readonly requests: number
  readonly searches: number
  readonly pages_read: number
  readonly chat_tokens_in: number
  readonly chat_tokens_out: number
  readonly bytes_stored: number | null
}

export interface ShardFigures {
  readonly open: number
  readonly leased: number
  readonly waiting: number
  readonly running: number
  readonly restarts: number
  readonly opens: number
  readonly hits: number
  readonly evictions: number
}

export interface ServerFigures {
  readonly version: string
  readonly uptime_s: number
  readonly memory_bytes: number
  readonly ready: boolean
  readonly checks: Readonly<Record<string, string>>
  readonly tenants: number
  readonly shards: readonly ShardFigures[]
  readonly jobs_running: number
  readonly tenants_with_jobs: number
  readonly vectors_pending: number
  readonly answers_running: number
}

export interface RequestRow {
  readonly at: string
  readonly route: string
  readonly status: number
  readonly ms: number
}

export interface Finding {
  readonly check: string
  readonly level: 'ok' | 'warning' | 'fault'
  readonly what: string
  readonly remedy: string | null
}

export interface Snapshot {
  readonly name: string
  readonly made_at: string
  readonly documents: number
  readonly passages: number
  readonly bytes: number
}

export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly prefix: string
  readonly scopes: readonly string[]
  readonly created_at: string
  readonly expires_at: string | null
  readonly last_used_at: string | null
}

export interface AuditRow {
  readonly seq: number
  readonly at: string
  readonly action: string
  readonly user: string | null
  readonly actor: string
  readonly target: string | null
  readonly outcome: string
}

export interface Allowance {
  readonly tier: string
  readonly limits: Readonly<Record<string, number | boolean | null>>
}
