/** Migrations for the command line: with the files of a server that does not run, or by one that does. */
import type { Context } from './context.ts'
import type { AuditAction } from './control/audit-actions.ts'
import type { FleetView } from './control/fleet.ts'
import type { TenantView } from './control/lifecycle.ts'

/** Bringing every library to the present version. */
export interface OperatorMigration {
  status(): Promise<FleetView>
  /** Returns at once; `status` tells how it goes. */
  begin(given: { share: number; concurrency: number; hasSnapshots: boolean }): Promise<FleetView>
  pause(): Promise<FleetView>
  resume(): Promise<FleetView>
  undo(user: string, isForced: boolean): Promise<TenantView>
}

/** Does something and writes it down. */
type Audit = <T>(action: AuditAction, user: string | null, work: () => Promise<T>) => Promise<T>

export function localMigration({ care }: Context, audited: Audit): OperatorMigration {
  const { fleet, lifecycle } = care
  return {
    status: async () => fleet.status(),
    begin: (given) => audited('migration.begin', null, () => fleet.begin(given)),
    pause: () => audited('migration.change', null, () => fleet.pause()),
    resume: () => audited('migration.change', null, () => fleet.resume()),
    undo: (user, isForced) =>
      audited('migration.undo', user, async () =>
        care.undoMigration(lifecycle.find(user).id, isForced),
      ),
  }
}

/** @param ask the admin API: method, path below it, body */
export function remoteMigration(
  ask: <T>(method: string, path: string, body?: unknown) => Promise<T>,
): OperatorMigration {
  return {
    status: () => ask('GET', '/migration'),
    begin: ({ hasSnapshots: snapshots, ...given }) =>
      ask('POST', '/migration', { ...given, snapshots }),
    pause: () => ask('PUT', '/migration', { state: 'paused' }),
    resume: () => ask('PUT', '/migration', { state: 'running' }),
    undo: (user, force) =>
      ask('POST', `/tenants/${encodeURIComponent(user)}/migration-undo`, { force }),
  }
}
