/** What surrounds every screen: header, banner, drop target; and which screen it is. */
import { useEffect, useRef } from 'preact/hooks'
import { isServerGone, lookForServer } from '../base/connection.ts'
import { useStore } from '../base/store.ts'
import { tokenNeed } from '../base/token.ts'
import {
  type AdminRoute,
  adminRoute,
  type DocsRoute,
  libraryRoute,
  type Route,
} from '../lib/route.ts'
import { currentRoute } from '../state/router.ts'
import { account, arrival, hasLibrary, heldBack } from '../state/session.ts'
import { strings } from '../strings.ts'
import { AccountScreen } from './account.tsx'
import { AccountChip } from './account-chip.tsx'
import { ChatScreen } from './chat.tsx'
import { DropTarget } from './drop-target.tsx'
import { Held } from './held.tsx'
import { Icon } from './icons.tsx'
import { lazily } from './lazily.tsx'
import { LibraryScreen } from './library.tsx'
import { Link } from './link.tsx'
import { NavLinks } from './nav-links.tsx'
import { Reader } from './reader.tsx'
import { SearchScreen } from './search.tsx'
import { focusSearch, SearchField } from './search-field.tsx'
import { SignIn } from './sign-in.tsx'

export function Shell() {
  const route = useStore(currentRoute)
  const need = useStore(tokenNeed)
  const me = useStore(account)
  // Whoever opens a link wants to be that person, signed in as another or not.
  const hasLink = useStore(arrival).code !== ''
  const main = useRef<HTMLElement>(null)
  useSlashKey()
  useScreenFocus(route.screen, main)
  useEffect(() => {
    document.title = route.screen === 'read' ? document.title : titleOf(route)
  }, [route])
  return (
    <>
      <a class="skip" href="#content">
        {strings.skipToContent}
      </a>
      <header class="top">
        <Link to={libraryRoute} class="brand" label={`${strings.appName}: ${strings.nav.library}`}>
          <BrandMark />
          <span class="brand-name">{strings.appName}</span>
        </Link>
        {me && hasLibrary() && <SearchField route={route} />}
        {me && (
          <nav class="nav" aria-label={strings.nav.label}>
            <NavLinks screen={hasLibrary() ? route.screen : screenWithoutLibrary(route)} me={me} />
            <AccountChip isCurrent={route.screen === 'account'} />
          </nav>
        )}
      </header>
      <GoneBanner />
      <main id="content" class={`screen screen-${route.screen}`} tabIndex={-1} ref={main}>
        {(need === 'none' && !hasLink) || route.screen === 'docs' ? (
          <Screen route={route} />
        ) : (
          <SignIn need={need} />
        )}
      </main>
      {need === 'none' && !hasLink && me && hasLibrary() && <DropTarget />}
    </>
  )
}

const LazyAdmin = lazily<{ route: AdminRoute }>(() =>
  import('./admin.tsx').then(({ AdminScreen }) => AdminScreen),
)

const LazyDocs = lazily<{ route: DocsRoute }>(() =>
  import('./api-docs.tsx').then(({ ApiDocs }) => ApiDocs),
)

function Screen({ route }: { route: Route }) {
  const held = useStore(heldBack)
  const needsLibrary = route.screen !== 'account' && route.screen !== 'docs'
  if (needsLibrary && held !== '') return <Held reason={held} />
  if (needsLibrary && !hasLibrary())
    return <LazyAdmin route={route.screen === 'admin' ? route : adminRoute('')} />
  switch (route.screen) {
    case 'library':
      return <LibraryScreen route={route} />
    case 'search':
      return <SearchScreen route={route} />
    case 'read':
      return <Reader key={route.id} route={route} />
    case 'chat':
      return <ChatScreen route={route} />
    case 'admin':
      return <LazyAdmin route={route} />
    case 'docs':
      return <LazyDocs route={route} />
    case 'account':
      return <AccountScreen />
  }
}

/** Whoever has no library sees the operator's screen in its place. */
function screenWithoutLibrary({ screen }: Route): Route['screen'] {
  return screen === 'account' || screen === 'docs' ? screen : 'admin'
}

function titleOf(route: Route): string {
  const name = {
    library: strings.library.title,
    chat: strings.chat.title,
    admin: strings.admin.title,
    docs: strings.docs.title,
    account: strings.account.title,
  }
  if (route.screen === 'search')
    return `${route.query === '' ? strings.search.title : route.query} · ${strings.appName}`
  return route.screen === 'read' ? strings.appName : `${name[route.screen]} · ${strings.appName}`
}

function GoneBanner() {
  const isGone = useStore(isServerGone)
  return (
    <div role="status" class={isGone ? 'banner' : 'banner-none'}>
      {isGone && (
        <>
          <Icon name="alert" />
          <span>{strings.gone.text}</span>
          <button type="button" onClick={() => void lookForServer()}>
            {strings.gone.retry}
          </button>
        </>
      )}
    </div>
  )
}

/** `/` goes to the search, unless it is being typed into something. */
function useSlashKey(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement
      const isTyping = target.closest('input, textarea, select, dialog') !== null
      if (event.key !== '/' || event.ctrlKey || event.metaKey || isTyping) return
      event.preventDefault()
      focusSearch()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}

/** After a change of screen the next Tab starts at its content, unless the person is typing a search. */
function useScreenFocus(screen: string, main: { current: HTMLElement | null }): void {
  const before = useRef(screen)
  useEffect(() => {
    if (before.current === screen) return
    before.current = screen
    if (!(document.activeElement instanceof HTMLInputElement))
      main.current?.focus({ preventScroll: true })
  }, [screen, main])
}

function BrandMark() {
  return (
    <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" />
      <path
        class="paper"
        d="M7 9.500c3-1 6-.8 9 1.200 3-2 6-2.200 9-1.200v13c-3-1-6-.8-9 1.200-3-2-6-2.200-9-1.200z"
      />
      <path class="spine" d="M16 10.700v13" />
    </svg>
  )
}
