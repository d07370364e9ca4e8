/** The account at the top: who it is, and how much room is taken, as a small ring. */

import { useStore } from '../base/store.ts'
import { account } from '../state/session.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'
import { Link } from './link.tsx'

const circumference = 2 * Math.PI * 9

export function AccountChip({ isCurrent }: { isCurrent: boolean }) {
  const me = useStore(account)
  if (!me) return null
  const shares = Object.values(me.quota).map(({ used, limit }) => (limit ? used / limit : 0))
  const fullest = Math.min(1, Math.max(...shares))
  const isLimited = Object.values(me.quota).some(({ limit }) => limit !== null)
  const name = me.tier === 'local' ? strings.account.local : me.user_id
  return (
    <Link to={{ screen: 'account' }} current={isCurrent} label={`${strings.nav.account}: ${name}`}>
      {isLimited ? (
        <svg class="icon ring" viewBox="0 0 24 24" aria-hidden="true">
          <circle cx="12" cy="12" r="9" />
          <circle
            class={fullest > 0.9 ? 'taken nearly' : 'taken'}
            cx="12"
            cy="12"
            r="9"
            stroke-dasharray={`${fullest * circumference} ${circumference}`}
          />
        </svg>
      ) : (
        <Icon name="user" />
      )}
      <span class="chip-name" dir="auto">
        {name}
      </span>
    </Link>
  )
}
