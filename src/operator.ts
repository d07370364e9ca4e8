/** What the command line can do to whole libraries: through the server that runs, or with the files of one that does not. */

import { lockFile } from './base/file-lock.ts'
import { makeDirectory } from './base/fs.ts'
import { openLogs } from './base/log.ts'
import { Problem, type ProblemData } from './base/problem.ts'
import type { RecordsOperator } from './cli-records.ts'
import type { Config } from './config.ts'
import type { Context } from './context.ts'
import type { AuditAction } from './control/audit-actions.ts'
import type { TenantView } from './control/lifecycle.ts'
import type { Receipt } from './control/receipt.ts'
import { readServerAddress, type ServerAddress } from './control/server-address.ts'
import type { SnapshotView } from './control/snapshots.ts'
import { localMigration, type OperatorMigration, remoteMigration } from './operator-migration.ts'
import { localRecords, remoteRecords } from './operator-records.ts'
import { localUsers, type OperatorUsers, remoteUsers } from './operator-users.ts'
import { lockPath, serverDirectory } from './tenancy/layout.ts'

export type SettableState = 'active' | 'read_only' | 'suspended' | 'at_rest'

export interface Operator extends AsyncDisposable, RecordsOperator {
  readonly migration: OperatorMigration
  readonly users: OperatorUsers
  readonly isRemote: boolean
  list(): Promise<readonly TenantView[]>
  show(user: string): Promise<TenantView>
  /** @returns why the library cannot be opened; null when it can */
  health(user: string): Promise<Pick<ProblemData, 'code' | 'detail'> | null>
  setState(user: string, state: SettableState, seconds: number): Promise<TenantView>
  remove(user: string): Promise<Receipt>
  adopt(user: string): Promise<TenantView>
  snapshot(user: string): Promise<SnapshotView>
  snapshots(user: string): Promise<readonly SnapshotView[]>
  removeSnapshot(user: string, name: string): Promise<void>
  restore(user: string, name: string, as: string | undefined, replace: boolean): Promise<TenantView>
  /** @returns the path of a copy of control.db, the caller's to take away */
  copyControl(): Promise<string>
}

/** @throws Error for a person when a server runs that cannot be spoken to */
export async function openOperator(config: Config): Promise<Operator> {
  makeDirectory(config.DATA_DIR)
  makeDirectory(serverDirectory(config.DATA_DIR))
  const lock = lockFile(lockPath(config.DATA_DIR))
  if (lock) {
    lock.release()
    // The whole server; a command to one that runs does not need it.
    const { createContext } = await import('./context.ts')
    const context = await createContext(config, openLogs('silent'))
    // What cannot be completed now stays as it is, and the next start tries again.
    await context.care.lifecycle.finishInterrupted(() => undefined)
    return localOperator(context)
  }
  const address = readServerAddress(config.DATA_DIR)
  if (!address) throw new Error('a server starts or stops on this directory: try again in a moment')
  return remoteOperator(address)
}

function localOperator(context: Context): Operator {
  const { lifecycle, snapshots } = context.care
  const { audit } = context.records
  const idOf = (user: string) => lifecycle.find(user).id
  /** As the routes of a running server do: written down when it is done, and before it where it cannot be undone. */
  async function audited<T>(
    action: AuditAction,
    user: string | null,
    work: () => Promise<T>,
    target: string | null = null,
  ): Promise<T> {
    const tenant = user === null ? null : (lifecycle.nameFor(user) ?? null)
    const row = {
      action,
      tenant,
      actor: { kind: 'operator' },
      via: 'command',
      address: null,
    } as const
    if (action === 'account.delete') await audit.write({ ...row, target, outcome: 'begun' })
    const result = await work()
    await audit.note({ ...row, target, outcome: 'ok' })
    return result
  }
  return {
    isRemote: false,
    ...localRecords(context, audited),
    migration: localMigration(context, audited),
    users: localUsers(context, audited),
    list: async () => lifecycle.list(Number.MAX_SAFE_INTEGER, undefined).items,
    show: async (user) => lifecycle.show(idOf(user)),
    health: (user) => lifecycle.health(idOf(user)),
    setState: (user, state, seconds) =>
      audited('tenant.state', user, async () => {
        if (state === 'active') return lifecycle.resume(idOf(user))
        if (state === 'read_only') return lifecycle.readOnly(idOf(user))
        if (state === 'suspended') return lifecycle.suspend(idOf(user))
        return lifecycle.rest(idOf(user), seconds * 1000)
      }),
    remove: async (user) => {
      const { id, generation } = lifecycle.find(user)
      return audited('account.delete', user, () => lifecycle.delete(id), generation)
    },
    adopt: (user) => audited('tenant.adopt', user, () => snapshots.adopt(user)),
    snapshot: (user) => audited('snapshot.create', user, async () => snapshots.create(idOf(user))),
    snapshots: async (user) => snapshots.list(lifecycle.nameOf(user)),
    removeSnapshot: (user, name) =>
      audited(
        'snapshot.delete',
        user,
        async () => snapshots.remove(lifecycle.nameOf(user), name),
        name,
      ),
    restore: (user, name, as, replace) =>
      audited(
        'snapshot.restore',
        as ?? user,
        async () => snapshots.restoreNamed(lifecycle.nameOf(user), name, as, replace),
        name,
      ),
    copyControl: () => audited('control.copy', null, () => context.care.copyControl()),
    [Symbol.asyncDispose]: () => context[Symbol.asyncDispose](),
  }
}

const listPage = 100

function remoteOperator({ url, token }: ServerAddress): Operator {
  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${url}/admin/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const answer = text === '' ? null : JSON.parse(text)
    if (!response.ok) throw new Problem(answer.code, answer.detail)
    return answer as T
  }
  const of = (user: string): string => `/tenants/${encodeURIComponent(user)}`
  /** @param limitMax of all pages together */
  async function pages<T>(path: string, limitMax = Number.MAX_SAFE_INTEGER): Promise<T[]> {
    const all: T[] = []
    for (let cursor: string | null = ''; cursor !== null && all.length < limitMax; ) {
      const after: string = cursor && `&cursor=${encodeURIComponent(cursor)}`
      const limit = Math.min(listPage, limitMax - all.length)
      const page: { items: T[]; next_cursor: string | null } = await ask(
        'GET',
        `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${after}`,
      )
      all.push(...page.items)
      cursor = page.next_cursor
    }
    return all
  }
  return {
    isRemote: true,
    ...remoteRecords(ask, pages),
    migration: remoteMigration(ask),
    users: remoteUsers(ask),
    list: () => pages('/tenants'),
    show: (user) => ask('GET', of(user)),
    health: async (user) =>
      (
        await ask<{ problem: Pick<ProblemData, 'code' | 'detail'> | null }>(
          'GET',
          `${of(user)}/health`,
        )
      ).problem,
    setState: (user, state, seconds) =>
      ask('PUT', `${of(user)}/state`, { state, ...(state === 'at_rest' && { seconds }) }),
    remove: async (user) => {
      const { user_id } = await ask<TenantView>('GET', of(user))
      return ask('DELETE', of(user), { confirm: user_id })
    },
    adopt: (user) => ask('POST', `${of(user)}/adopt`),
    snapshot: (user) => ask('POST', `${of(user)}/snapshots`),
    snapshots: async (user) =>
      (await ask<{ items: SnapshotView[] }>('GET', `${of(user)}/snapshots`)).items,
    removeSnapshot: (user, name) => ask('DELETE', `${of(user)}/snapshots/${name}`),
    restore: (user, name, as, replace) =>
      ask('POST', `${of(user)}/snapshots/${name}/restore`, { ...(as && { as }), replace }),
    copyControl: async () => (await ask<{ path: string }>('POST', '/control-copies')).path,
    [Symbol.asyncDispose]: async () => undefined,
  }
}
