/** What the command line can do to whole libraries: through the server that runs, or with the files of one that does not. */

import { makeDirectory } from './base/fs.ts'
import { openLogs } from './base/log.ts'
import { Problem } from './base/problem.ts'
import { lockFile } from './base/sqlite.ts'
import type { Config } from './config.ts'
import type { Context } from './context.ts'
import type { TenantView } from './control/lifecycle.ts'
import type { Receipt } from './control/receipt.ts'
import { readServerAddress, type ServerAddress } from './control/server-address.ts'
import type { SnapshotView } from './control/snapshots.ts'
import { lockPath, serverDirectory } from './tenancy/layout.ts'

export type SettableState = 'active' | 'read_only' | 'suspended' | 'at_rest'

export interface Operator extends AsyncDisposable {
  readonly isRemote: boolean
  list(): Promise<readonly TenantView[]>
  show(user: string): Promise<TenantView>
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
  const idOf = (user: string) => lifecycle.find(user).id
  return {
    isRemote: false,
    list: async () => lifecycle.list(Number.MAX_SAFE_INTEGER, undefined).items,
    show: async (user) => lifecycle.show(idOf(user)),
    setState: async (user, state, seconds) => {
      if (state === 'active') return lifecycle.resume(idOf(user))
      if (state === 'read_only') return lifecycle.readOnly(idOf(user))
      if (state === 'suspended') return lifecycle.suspend(idOf(user))
      return lifecycle.rest(idOf(user), seconds * 1000)
    },
    remove: async (user) => lifecycle.delete(idOf(user)),
    adopt: (user) => snapshots.adopt(user),
    snapshot: async (user) => snapshots.create(idOf(user)),
    snapshots: async (user) => snapshots.list(lifecycle.nameOf(user)),
    removeSnapshot: async (user, name) => snapshots.remove(lifecycle.nameOf(user), name),
    restore: async (user, name, as, replace) =>
      snapshots.restoreNamed(lifecycle.nameOf(user), name, as, replace),
    copyControl: () => context.care.copyControl(),
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
  return {
    isRemote: true,
    list: async () => {
      const all: TenantView[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const after: string = cursor && `&cursor=${encodeURIComponent(cursor)}`
        const page: { items: TenantView[]; next_cursor: string | null } = await ask(
          'GET',
          `/tenants?limit=${listPage}${after}`,
        )
        all.push(...page.items)
        cursor = page.next_cursor
      }
      return all
    },
    show: (user) => ask('GET', of(user)),
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
