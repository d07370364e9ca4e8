/** Leaving: the whole account is deleted at its user's own word. */
import type { Lifecycle } from '../../control/lifecycle.ts'
import { type Route, route } from '../route.ts'
import { confirmSchema, json, receiptSchema, refuseUnconfirmed } from '../wire.ts'

export interface ErasureOptions {
  readonly lifecycle: Lifecycle
}

export function erasureRoutes({ lifecycle }: ErasureOptions): Route[] {
  return [
    route({
      method: 'delete',
      path: '/v1/me',
      scope: 'write',
      owner: true,
      summary: 'Delete the whole account: documents, originals, vectors, snapshots',
      audit: 'account.delete',
      isAuditedFirst: true,
      body: confirmSchema,
      reply: json(
        receiptSchema,
        'It is gone, and logins made before now have ended. Keep the receipt.',
      ),
      problems: ['conflict', 'tenant_suspended', 'tenant_deleting'],
      handle: async ({ principal, tenant, body }) => {
        refuseUnconfirmed(body.confirm, principal.userId)
        // A library that is suspended is not its user's to remove; one that is read-only is.
        await tenant.call('account.show', {})
        return lifecycle.delete(tenant.id)
      },
    }),
  ]
}
