/** Users without an identity provider, for the operator: added, and given links to sign in with. */
import { z } from 'zod'
import { Problem } from '../../base/problem.ts'
import { tierNames } from '../../control/limits.ts'
import type { LinkUsers } from '../../control/link-users.ts'
import { type Route, route } from '../route.ts'
import { json } from '../wire.ts'

export interface AdminUsersOptions {
  /** Where SIGN_IN_LINKS is on. */
  readonly users?: LinkUsers | undefined
}

const userIdSchema = z.string().min(1).max(255)
const newUserSchema = z.strictObject({
  user_id: userIdSchema,
  tier: z
    .enum(tierNames)
    .exclude(['local'])
    .optional()
    .describe('decided for good; `free` without'),
})
const linkSchema = z.object({
  user_id: z.string(),
  tenant: z.string().describe('the name of the directory'),
  url: z.string().describe('signs in whoever opens it first'),
  expires_at: z.iso.datetime(),
})

export function adminUserRoutes({ users }: AdminUsersOptions): Route[] {
  const linking = (): LinkUsers => {
    if (!users) throw new Problem('conflict', 'Links sign nobody in here: set SIGN_IN_LINKS=on.')
    return users
  }
  return [
    route({
      method: 'post',
      path: '/admin/v1/users',
      scope: 'operator',
      audit: 'link.create',
      summary: 'A link for somebody new',
      body: newUserSchema,
      reply: json(linkSchema, 'It counts once, within a day; shown here and never again.', 201),
      problems: ['conflict'],
      handle: ({ body }) => linking().add(body.user_id, body.tier),
    }),
    route({
      method: 'post',
      path: '/admin/v1/users/:user_id/links',
      scope: 'operator',
      audit: 'link.create',
      params: z.object({ user_id: userIdSchema }),
      missing: 'There is no such user.',
      summary: 'Another link for a user; the one before it ends',
      reply: json(linkSchema, 'It counts once, within a day; shown here and never again.', 201),
      problems: ['not_found', 'conflict'],
      handle: ({ params }) => linking().link(params.user_id),
    }),
  ]
}
