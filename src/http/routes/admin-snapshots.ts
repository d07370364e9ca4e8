/** Snapshots, for the operator: made, listed, removed, put back. */
import { z } from 'zod'
import type { Lifecycle } from '../../control/lifecycle.ts'
import type { Snapshots } from '../../control/snapshots.ts'
import { type Route, route } from '../route.ts'
import { json, noContent } from '../wire.ts'
import { tenantSchema } from './admin-tenants.ts'

export interface AdminSnapshotsOptions {
  readonly lifecycle: Lifecycle
  readonly snapshots: Snapshots
  /** @returns the path of a copy of control.db */
  readonly copyControl: () => Promise<string>
}

const userId = z.string().min(1).max(255)
const userParams = z.object({ user_id: userId })
const snapshotParams = z.object({ user_id: userId, name: z.string().max(64) })

const snapshotSchema = z.object({
  name: z.string(),
  user_id: z.string(),
  made_at: z.iso.datetime(),
  documents: z.int(),
  passages: z.int(),
  files: z.int(),
  bytes: z
    .int()
    .describe('originals included, which are shared with the library where the disk is'),
})

const restoreSchema = z.strictObject({
  as: userId.optional().describe('another user, who has no library yet; without it the same'),
  replace: z
    .boolean()
    .default(false)
    .describe('whether the present library may be set aside, into `.carrel/replaced`'),
})

export function adminSnapshotRoutes(options: AdminSnapshotsOptions): Route[] {
  return [...snapshotRoutes(options), ...copyRoutes(options)]
}

const all = {
  path: '/admin/v1/tenants/:user_id/snapshots',
  scope: 'operator',
  params: userParams,
  missing: 'There is no such library.',
  problems: ['not_found', 'conflict', 'tenant_damaged'],
} as const

function copyRoutes({ snapshots, copyControl }: AdminSnapshotsOptions): Route[] {
  return [
    route({
      ...all,
      path: '/admin/v1/tenants/:user_id/adopt',
      method: 'post',
      summary: 'Make a directory that was put in the user’s place, and refused, the user’s own',
      audit: 'tenant.adopt',
      reply: json(tenantSchema, 'The library as it is now.'),
      handle: ({ params }) => snapshots.adopt(params.user_id),
    }),
    route({
      method: 'post',
      path: '/admin/v1/control-copies',
      scope: 'operator',
      summary: 'Copy the server’s own records, for a backup',
      audit: 'control.copy',
      reply: json(
        z.object({ path: z.string().describe('on the server; whoever asked takes it away') }),
        'It is made.',
        201,
      ),
      handle: async () => ({ path: await copyControl() }),
    }),
  ]
}

function snapshotRoutes({ lifecycle, snapshots }: AdminSnapshotsOptions): Route[] {
  const one = {
    ...all,
    path: '/admin/v1/tenants/:user_id/snapshots/:name',
    params: snapshotParams,
    missing: 'There is no such snapshot.',
  } as const
  return [
    route({
      ...all,
      method: 'get',
      summary: 'A library’s snapshots, the newest first',
      reply: json(z.object({ items: z.array(snapshotSchema) }), 'All of them.'),
      handle: ({ params }) => ({ items: snapshots.list(lifecycle.nameOf(params.user_id)) }),
    }),
    route({
      ...all,
      method: 'post',
      summary: 'Make a snapshot of a library while it is used',
      audit: 'snapshot.create',
      reply: json(snapshotSchema, 'It is made, verified and durable.', 201),
      handle: ({ params }) => snapshots.create(lifecycle.find(params.user_id).id),
    }),
    route({
      ...one,
      method: 'delete',
      summary: 'Remove a snapshot',
      audit: 'snapshot.delete',
      reply: noContent,
      handle: async ({ params }) => {
        await snapshots.remove(lifecycle.nameOf(params.user_id), params.name)
        return undefined
      },
    }),
    route({
      ...one,
      path: '/admin/v1/tenants/:user_id/snapshots/:name/restore',
      method: 'post',
      summary: 'Put a snapshot in place, as a new directory',
      audit: 'snapshot.restore',
      body: restoreSchema,
      reply: json(tenantSchema, 'The library as it is now.'),
      handle: ({ params, body }) =>
        snapshots.restoreNamed(
          lifecycle.nameOf(params.user_id),
          params.name,
          body.as,
          body.replace,
        ),
    }),
  ]
}
