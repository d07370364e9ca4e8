/** Users who come by a link, for the command line: with the files of a server that does not run, or through one that does. */
import { Problem } from './base/problem.ts'
import type { Context } from './context.ts'
import type { Tier } from './control/limits.ts'
import type { LinkUsers, MadeLink } from './control/link-users.ts'

export interface OperatorUsers {
  /** Somebody new, and their first link. */
  add(user: string, tier: Tier | undefined): Promise<MadeLink>
  link(user: string): Promise<MadeLink>
}

/** Does something and writes it down. */
type Audited = <T>(action: 'link.create', user: string, work: () => Promise<T>) => Promise<T>

export function localUsers({ users }: Context, audited: Audited): OperatorUsers {
  const linking = (): LinkUsers => {
    if (!users) throw new Problem('conflict', 'Links sign nobody in here: set SIGN_IN_LINKS=on.')
    return users
  }
  return {
    add: (user, tier) => audited('link.create', user, async () => linking().add(user, tier)),
    link: (user) => audited('link.create', user, async () => linking().link(user)),
  }
}

export function remoteUsers(
  ask: <T>(method: string, path: string, body?: unknown) => Promise<T>,
): OperatorUsers {
  return {
    add: (user, tier) => ask('POST', '/users', { user_id: user, tier }),
    link: (user) => ask('POST', `/users/${encodeURIComponent(user)}/links`),
  }
}
