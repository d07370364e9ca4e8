/** The API reference: what /openapi.json says, to be read. */
import '../styles/docs.css'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { request } from '../api/http.ts'
import { type ApiDescription, byTag, operationsOf, shownOperations } from '../lib/api-reference.ts'
import type { DocsRoute } from '../lib/route.ts'
import { goTo } from '../state/router.ts'
import { strings } from '../strings.ts'
import { ApiOperation } from './api-operation.tsx'
import { useAsked } from './use-asked.ts'

const words = strings.docs

export function ApiDocs({ route }: { route: DocsRoute }) {
  const { value, problem } = useAsked(() => request<ApiDescription>('/openapi.json'), [])
  const all = useMemo(() => (value ? operationsOf(value, location.origin) : []), [value])
  const shown = useMemo(() => shownOperations(all, route.filter), [all, route.filter])
  const open = useOpened(all.length > 0)
  return (
    <div class="docs">
      <h1>{words.title}</h1>
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {!value && problem === '' && <p class="quiet">{words.loading}</p>}
      {value && (
        <>
          <p class="quiet">
            {words.lead(value.info.version)} <a href="/openapi.json">{words.file}</a>
          </p>
          <div class="toolbar">
            <input
              type="search"
              aria-label={words.filter}
              placeholder={words.filter}
              value={route.filter}
              onInput={(event) =>
                goTo({ ...route, filter: event.currentTarget.value }, { replace: true })
              }
            />
            <span class="quiet" role="status">
              {shown.length === 0 ? words.none : words.count(shown.length, all.length)}
            </span>
          </div>
          {byTag(shown).map(([tag, there]) => (
            <section key={tag}>
              <h2>{tag}</h2>
              {there.map((operation) => (
                <ApiOperation
                  key={operation.id}
                  operation={operation}
                  isOpen={open === operation.id}
                />
              ))}
            </section>
          ))}
        </>
      )}
    </div>
  )
}

/** The operation that the address names behind its #. */
function useOpened(isThere: boolean): string {
  const [open, setOpen] = useState(() => location.hash.slice(1))
  useEffect(() => {
    const look = (): void => setOpen(location.hash.slice(1))
    addEventListener('hashchange', look)
    return () => removeEventListener('hashchange', look)
  }, [])
  useEffect(() => {
    if (isThere && open !== '') document.getElementById(open)?.scrollIntoView()
  }, [isThere, open])
  return open
}
