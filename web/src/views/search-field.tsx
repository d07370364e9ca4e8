/** The one search field, on every screen: letters search by words, Enter by meaning too, the arrow goes into the results. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { type Route, searchRoute } from '../lib/route.ts'
import { currentRoute, goTo } from '../state/router.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'

const words = strings.search
const fieldId = 'search'

export function focusSearch(): void {
  const field = document.getElementById(fieldId)
  if (!(field instanceof HTMLInputElement)) return
  field.focus()
  field.select()
}

function queryOf(route: Route): string {
  return route.screen === 'search' || route.screen === 'read' ? route.query : ''
}

/** @returns whether there was a result to go to */
export function focusFirstHit(): boolean {
  const hit = document.querySelector<HTMLElement>('[data-hit]')
  hit?.focus()
  return hit !== null
}

export function SearchField({ route }: { route: Route }) {
  const query = queryOf(route)
  const [text, setText] = useState(query)
  const field = useRef<HTMLInputElement>(null)
  // By the back button or a link. The address follows what is typed here, and this may run letters later: what counts is
  // where the address is by then.
  useEffect(() => {
    const latest = queryOf(currentRoute.value)
    setText((now) => (now.trim() === latest ? now : latest))
  }, [query])
  const search = (mode: 'keyword' | 'hybrid', typed: string): void => {
    const from = currentRoute.value
    const isSearch = from.screen === 'search'
    const filters = isSearch ? from : {}
    goTo(searchRoute(typed.trim(), { ...filters, query: typed.trim(), mode }), {
      replace: isSearch,
    })
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: `search` is not known to every screen reader yet
    <form
      role="search"
      class="search-field"
      onSubmit={(event) => {
        event.preventDefault()
        if (text.trim() !== '') search('hybrid', text)
      }}
    >
      <Icon name="search" />
      <input
        id={fieldId}
        ref={field}
        type="search"
        dir="auto"
        autocomplete="off"
        spellcheck={false}
        enterkeyhint="search"
        maxLength={2_000}
        aria-label={words.label}
        placeholder={words.placeholder}
        value={text}
        onInput={({ currentTarget: { value } }) => {
          setText(value)
          search('keyword', value)
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown' && focusFirstHit()) event.preventDefault()
        }}
      />
      <kbd class="wide-only">/</kbd>
    </form>
  )
}
