/** The account: who, how much room is taken, how it looks, and out. */
import { useEffect, useState } from 'preact/hooks'
import { messageOf } from '../api/http.ts'
import type { Share } from '../api/types.ts'
import { useStore } from '../base/store.ts'
import { formatBytes, formatCount } from '../lib/format.ts'
import {
  account,
  canSignOut,
  hasLibrary,
  loadSignInMethods,
  signInMethods,
  signOut,
} from '../state/session.ts'
import { setTheme, theme, themes } from '../state/theme.ts'
import { strings } from '../strings.ts'
import { ChatKeyCard } from './chat-key.tsx'
import { KeysCard } from './keys.tsx'
import { LeaveCard } from './leave.tsx'
import { Link } from './link.tsx'
import { MovingCard } from './moving.tsx'

const words = strings.account

export function AccountScreen() {
  const me = useStore(account)
  const chosen = useStore(theme)
  const [problem, setProblem] = useState('')
  useStore(signInMethods)
  useEffect(() => void loadSignInMethods(), [])
  const leave = (): Promise<void> =>
    signOut().catch((error: unknown) => setProblem(messageOf(error)))
  return (
    <div class="account">
      <h1>{words.title}</h1>
      {me && (
        <section class="card">
          {me.tier === 'local' ? (
            <>
              <h2>{words.local}</h2>
              <p class="quiet">{words.localText}</p>
            </>
          ) : (
            <>
              <h2>
                {words.signedInAs} <bdi>{me.user_id}</bdi>
              </h2>
              <p class="quiet">
                {words.tier}: {me.tier} · {words.scopes}: {me.scopes.join(', ')}
              </p>
            </>
          )}
          {canSignOut() && (
            <button type="button" onClick={() => void leave()}>
              {words.signOut}
            </button>
          )}
          {problem !== '' && (
            <p class="problem" role="alert">
              {problem}
            </p>
          )}
        </section>
      )}
      {me && hasLibrary() && (
        <section class="card">
          <h2>{words.quota}</h2>
          <Meter name={words.documents} share={me.quota.documents} format={formatCount} />
          <Meter name={words.bytes} share={me.quota.bytes} format={formatBytes} />
          <Meter name={words.passages} share={me.quota.passages} format={formatCount} />
        </section>
      )}
      {hasLibrary() && <ChatKeyCard />}
      {me && hasLibrary() && <KeysCard scopes={me.scopes} />}
      {hasLibrary() && <MovingCard />}
      <section class="card">
        <fieldset class="themes">
          <legend>{words.theme}</legend>
          {themes.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="theme"
                checked={chosen === one}
                onChange={() => setTheme(one)}
              />
              {words.themes[one]}
            </label>
          ))}
        </fieldset>
      </section>
      {me && hasLibrary() && me.scopes.includes('write') && <LeaveCard user={me.user_id} />}
      <p class="quiet">
        <Link to={{ screen: 'docs', filter: '' }}>{words.api}</Link>
      </p>
    </div>
  )
}

interface MeterProps {
  name: string
  share: Share
  format: (value: number) => string
}

function Meter({ name, share: { used, limit }, format }: MeterProps) {
  const text =
    limit === null ? words.unlimited(format(used)) : words.used(format(used), format(limit))
  return (
    <div class="meter">
      <span>{name}</span>
      <span class="quiet">{text}</span>
      {limit !== null && <progress aria-label={`${name}: ${text}`} max={limit} value={used} />}
    </div>
  )
}
