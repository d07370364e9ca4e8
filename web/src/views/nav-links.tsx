/** The ways between the screens: those that this login has. */
import type { Account } from '../api/types.ts'
import { adminRoute, chatRoute, libraryRoute, type Route } from '../lib/route.ts'
import { hasLibrary } from '../state/session.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'
import { Link } from './link.tsx'

export function NavLinks({ screen, me }: { screen: Route['screen']; me: Account }) {
  return (
    <>
      {hasLibrary() && (
        <Link to={libraryRoute} current={screen === 'library'}>
          <Icon name="books" />
          <span>{strings.nav.library}</span>
        </Link>
      )}
      {me.scopes.includes('chat') && (
        <Link to={chatRoute('')} current={screen === 'chat'}>
          <Icon name="chat" />
          <span>{strings.nav.chat}</span>
        </Link>
      )}
      {(me.scopes.includes('admin') || me.tier === 'local') && (
        <Link to={adminRoute('')} current={screen === 'admin'}>
          <Icon name="server" />
          <span>{strings.admin.nav}</span>
        </Link>
      )}
    </>
  )
}
