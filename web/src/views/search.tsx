/** Results: as the words are typed, narrowed by what they have in common, walked through by the keyboard. */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { isAbort, messageOf } from '../api/http.ts'
import { search } from '../api/search.ts'
import type { SearchAnswer } from '../api/types.ts'
import { isServerGone } from '../base/connection.ts'
import { useStore } from '../base/store.ts'
import { type SearchRoute, searchRoute } from '../lib/route.ts'
import { keepAnswer, keptAnswer } from '../state/hits.ts'
import { library } from '../state/library.ts'
import { goTo } from '../state/router.ts'
import { strings } from '../strings.ts'
import { FacetPanel } from './facets.tsx'
import { HitItem } from './hit.tsx'
import { focusFirstHit, focusSearch } from './search-field.tsx'

const words = strings.search
/** Long enough for the next letter, too short to be waited for. */
const typingMs = 90

interface Shown {
  readonly route: SearchRoute
  readonly answer: SearchAnswer
}

export function SearchScreen({ route }: { route: SearchRoute }) {
  const { shown, problem, isBusy } = useAnswer(route)
  const { state, documents } = useStore(library)
  const onFocus = useKeptFocus(shown)
  const isLibraryEmpty = state === 'loaded' && documents.length === 0
  if (route.query === '')
    return (
      <>
        <h1 class="hidden">{words.title}</h1>
        <p class="lead">{isLibraryEmpty ? words.libraryEmpty : words.nothingYet}</p>
      </>
    )
  return (
    <div class="results" aria-busy={isBusy}>
      <h1 class="hidden">{words.title}</h1>
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      <p class="results-line" role="status">
        {shown && <Summary {...shown} />}
        {!shown && isBusy && words.searching}
      </p>
      {shown && (
        <div class="results-columns">
          <div>
            <Corrections answer={shown.answer} />
            {shown.answer.hits.length === 0 && <Nothing route={route} />}
            <ol class="hits" onKeyDown={walk} onFocusIn={onFocus} onFocusOut={onFocus}>
              {shown.answer.hits.map((hit, at) => (
                <HitItem key={hit.passage_id} hit={hit} route={shown.route} rank={at + 1} />
              ))}
            </ol>
          </div>
          <FacetPanel route={route} facets={shown.answer.facets} />
        </div>
      )}
    </div>
  )
}

/** The last answer stays until the next is there, so that nothing jumps while somebody types. */
function useAnswer(route: SearchRoute): {
  shown: Shown | undefined
  problem: string
  isBusy: boolean
} {
  const kept = keptAnswer(route)
  const [shown, setShown] = useState<Shown | undefined>(kept && { route, answer: kept })
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const isGone = useStore(isServerGone)
  useEffect(() => {
    if (route.query === '') return
    const answer = keptAnswer(route)
    if (answer) setShown({ route, answer })
    const ended = new AbortController()
    const look = async (): Promise<void> => {
      setBusy(true)
      try {
        const found = await search(route, { signal: ended.signal })
        keepAnswer(route, found)
        setShown({ route, answer: found })
        setProblem('')
      } catch (error) {
        if (isAbort(error)) return
        setProblem(messageOf(error))
      }
      setBusy(false)
    }
    const timer = setTimeout(() => void look(), route.mode === 'keyword' ? typingMs : 0)
    return () => {
      clearTimeout(timer)
      ended.abort()
    }
  }, [route, isGone])
  return { shown, problem, isBusy }
}

/** A hit that moves in a new order loses the focus, and the keyboard would be nowhere: then the first has it. */
function useKeptFocus(shown: Shown | undefined): (event: FocusEvent) => void {
  const hadFocus = useRef(false)
  useLayoutEffect(() => {
    if (hadFocus.current && document.activeElement === document.body) focusFirstHit()
  }, [shown])
  return ({ type, relatedTarget }) => {
    // Going nowhere is what a node that is moved does; a person goes to something else.
    if (type === 'focusin') hadFocus.current = true
    else if (relatedTarget) hadFocus.current = false
  }
}

function Summary({ answer, route }: Shown) {
  return (
    <>
      <span class="results-said">
        {`${words.results(answer.hits.length)} ${words.modes[answer.mode]} · ${words.took(answer.took_ms)}`}
      </span>
      {route.mode === 'keyword' && answer.hits.length > 0 && (
        <>
          {' '}
          <button
            type="button"
            class="inline"
            onClick={() => goTo({ ...route, mode: 'hybrid' }, { replace: true })}
          >
            {words.go}
          </button>
        </>
      )}
    </>
  )
}

function Corrections({ answer: { corrected } }: { answer: SearchAnswer }) {
  if (corrected.length === 0) return null
  return (
    <p class="corrected">
      {words.corrected}{' '}
      {corrected.map(({ from, to }) => (
        <span key={from}>
          <strong dir="auto">{to}</strong> <span class="quiet">
            {words.correctedFrom(from)}
          </span>{' '}
        </span>
      ))}
    </p>
  )
}

function Nothing({ route }: { route: SearchRoute }) {
  const isFiltered =
    route.tags.length + route.mediaTypes.length + route.languages.length + route.documents.length >
    0
  return (
    <div class="nothing">
      <p>{words.none(route.query)}</p>
      <p class="quiet">{words.noneHelp}</p>
      <div class="buttons">
        {route.mode === 'keyword' && (
          <button
            type="button"
            onClick={() => goTo({ ...route, mode: 'hybrid' }, { replace: true })}
          >
            {words.noneMeaning}
          </button>
        )}
        {isFiltered && (
          <button
            type="button"
            onClick={() => goTo(searchRoute(route.query, { mode: route.mode }), { replace: true })}
          >
            {words.clear}
          </button>
        )}
      </div>
    </div>
  )
}

/** Up and down from hit to hit; up from the first, or Escape, to the field. */
function walk(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const hits = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-hit]')]
  const at = hits.findIndex((hit) => hit.closest('li')?.contains(event.target as Node))
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: hits.length - 1 }[event.key]
  if (event.key !== 'Escape' && to === undefined) return
  event.preventDefault()
  if (to === undefined || to < 0) {
    focusSearch()
    return
  }
  const hit = hits[Math.min(to, hits.length - 1)]
  hit?.focus({ preventScroll: true })
  hit?.closest('li')?.scrollIntoView({ block: 'nearest' })
}
