/** Bringing all libraries to the present version, for the operator: begun, watched, paused, undone for one. */
import { z } from 'zod'
import type { Fleet } from '../../control/fleet.ts'
import type { Lifecycle, TenantView } from '../../control/lifecycle.ts'
import type { TenantId } from '../../tenancy/tenant-id.ts'
import { type Route, route } from '../route.ts'
import { json } from '../wire.ts'
import { tenantSchema } from './admin-tenants.ts'

export interface AdminMigrationOptions {
  readonly lifecycle: Lifecycle
  readonly fleet: Fleet
  readonly undoMigration: (tenant: TenantId, isForced: boolean) => Promise<TenantView>
}

const fleetSchema = z.object({
  state: z.enum(['none', 'running', 'paused', 'done', 'undone']),
  share: z.number().describe('of the libraries; below 1 the others wait and are not served'),
  versions: z.object({ app: z.int(), vecs: z.int() }).describe('of this Carrel'),
  libraries: z.int(),
  migrated: z.int().describe('known to be of this version'),
  failed: z.int(),
  errors: z.array(z.object({ user_id: z.string(), error: z.string() })).describe('the first ones'),
})

const beginSchema = z.strictObject({
  share: z.number().gt(0).max(1).default(1),
  concurrency: z.int().min(1).max(64).default(8),
  snapshots: z.boolean().default(true).describe('whether each is copied before'),
})

export function adminMigrationRoutes(options: AdminMigrationOptions): Route[] {
  const { lifecycle, fleet, undoMigration } = options
  const one = { path: '/admin/v1/migration', scope: 'operator', problems: ['conflict'] } as const
  return [
    route({
      ...one,
      method: 'get',
      summary: 'How far the libraries are, and which could not be migrated',
      reply: json(fleetSchema, 'The migration.'),
      handle: () => fleet.status(),
    }),
    route({
      ...one,
      method: 'post',
      audit: 'migration.begin',
      summary: 'Migrate all libraries, or a share of them; those that failed are tried again',
      body: beginSchema,
      reply: json(fleetSchema, 'It has begun.', 202),
      handle: ({ body: { snapshots: hasSnapshots, ...body } }) =>
        fleet.begin({ ...body, hasSnapshots }),
    }),
    route({
      ...one,
      method: 'put',
      audit: 'migration.change',
      summary: 'Pause the migration, or let it go on',
      body: z.strictObject({ state: z.enum(['paused', 'running']) }),
      reply: json(fleetSchema, 'The migration.'),
      handle: ({ body: { state } }) => (state === 'paused' ? fleet.pause() : fleet.resume()),
    }),
    route({
      ...one,
      path: '/admin/v1/tenants/:user_id/migration-undo',
      method: 'post',
      audit: 'migration.undo',
      params: z.object({ user_id: z.string().min(1).max(255) }),
      missing: 'There is no such library.',
      problems: ['conflict', 'not_found', 'tenant_damaged'],
      summary: 'Put a library back as it was before its migration, for an older Carrel',
      body: z.strictObject({ force: z.boolean().default(false) }),
      reply: json(tenantSchema, 'The library; this version does not serve it.'),
      handle: ({ params, body }) => undoMigration(lifecycle.find(params.user_id).id, body.force),
    }),
  ]
}
