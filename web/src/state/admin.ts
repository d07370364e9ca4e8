/** The server's figures, asked for again while its screen is looked at; and every library with its use. */
import { getRequests, getServer, listTenants, listUsage } from '../api/admin.ts'
import { messageOf } from '../api/http.ts'
import type { RequestRow, ServerFigures, Tenant, UsageRow } from '../api/types-admin.ts'
import { Store } from '../base/store.ts'

const askEveryMs = 5_000
const requestsShown = 1_000
export const usageDays = 7
const dayMs = 86_400_000

export interface AdminFigures {
  readonly server: ServerFigures | undefined
  readonly requests: readonly RequestRow[]
  readonly problem: string
}

export interface Tenants {
  readonly all: readonly Tenant[]
  readonly usage: readonly UsageRow[]
  /** Whether all the use there was is here. */
  readonly isUsageWhole: boolean
  readonly state: 'loading' | 'loaded'
  readonly problem: string
}

export const adminFigures = new Store<AdminFigures>({
  server: undefined,
  requests: [],
  problem: '',
})
export const tenants = new Store<Tenants>({
  all: [],
  usage: [],
  isUsageWhole: true,
  state: 'loading',
  problem: '',
})

/** Asks again and again. @returns what ends it */
export function followServer(): () => void {
  let isEnded = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = async (): Promise<void> => {
    if (document.visibilityState === 'visible') await loadFigures()
    if (!isEnded) timer = setTimeout(() => void look(), askEveryMs)
  }
  void look()
  return () => {
    isEnded = true
    clearTimeout(timer)
  }
}

async function loadFigures(): Promise<void> {
  try {
    const [server, requests] = await Promise.all([getServer(), getRequests(requestsShown)])
    adminFigures.set({ server, requests, problem: '' })
  } catch (error) {
    adminFigures.update((now) => ({ ...now, problem: messageOf(error) }))
  }
}

/** Reads the whole list; the first page is shown at once. */
export async function loadTenants(): Promise<void> {
  const all: Tenant[] = []
  const usage: UsageRow[] = []
  const from = new Date(Date.now() - (usageDays - 1) * dayMs).toISOString().slice(0, 10)
  try {
    await listTenants((page) => {
      all.push(...page)
      if (tenants.value.all.length < all.length)
        tenants.update((now) => ({ ...now, all: [...all] }))
    })
    const isUsageWhole = await listUsage(from, (page) => usage.push(...page))
    tenants.set({ all, usage, isUsageWhole, state: 'loaded', problem: '' })
  } catch (error) {
    tenants.update((now) => ({ ...now, state: 'loaded', problem: messageOf(error) }))
  }
}

export function putTenant(changed: Tenant): void {
  tenants.update((now) => ({
    ...now,
    all: now.all.map((one) => (one.tenant === changed.tenant ? changed : one)),
  }))
}

export function dropTenant(user: string): void {
  tenants.update((now) => ({ ...now, all: now.all.filter(({ user_id }) => user_id !== user) }))
}
