/** The reader: a page of a document, with the passage that was searched for highlighted on it. */
import { useEffect, useState } from 'preact/hooks'
import { findHit } from '../api/search.ts'
import type { Hit } from '../api/types.ts'
import type { ReadRoute } from '../lib/route.ts'
import { keptHit } from '../state/hits.ts'
import { goTo } from '../state/router.ts'
import { strings } from '../strings.ts'
import { isDrawable, PageView } from './page-view.tsx'
import { ReaderBar } from './reader-bar.tsx'
import { useDocument } from './use-document.ts'

const words = strings.reader

export function Reader({ route }: { route: ReadRoute }) {
  const { document: row, problem } = useDocument(route.id)
  const hit = useHit(route)
  const [zoom, setZoom] = useState(1)
  const [label, setLabel] = useState<string | null>(null)
  usePageKeys(route, row?.pages ?? null)
  useEffect(() => {
    if (row) document.title = `${row.title} · ${strings.appName}`
  }, [row])
  if (problem !== '')
    return (
      <p class="problem" role="alert">
        {problem}
      </p>
    )
  if (!row) return <p class="quiet">{words.loading}</p>
  const isPdf = isDrawable(row)
  return (
    <article
      class="reader"
      lang={row.language && row.language !== 'und' ? row.language : undefined}
    >
      <ReaderBar
        route={route}
        document={row}
        hit={hit}
        label={label}
        isPdf={isPdf}
        zoom={zoom}
        onZoom={setZoom}
      />
      <PageView
        document={row}
        page={route.page}
        hit={hit}
        zoom={zoom}
        asText={route.asText}
        onLabel={setLabel}
      />
    </article>
  )
}

/** The hit by which the reader was opened; asked for again after a reload. */
function useHit({ id, query, passage }: ReadRoute): Hit | undefined {
  const kept = passage === '' ? undefined : keptHit(id, passage)
  const [asked, setAsked] = useState<Hit>()
  useEffect(() => {
    if (passage === '' || query === '' || kept) return
    const ended = new AbortController()
    // Without it there is the page, only not its highlight.
    findHit(query, id, passage, ended.signal).then(setAsked, () => undefined)
    return () => ended.abort()
  }, [id, query, passage, kept === undefined])
  return kept ?? (asked?.passage_id === passage ? asked : undefined)
}

function usePageKeys(route: ReadRoute, pages: number | null): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement
      if (event.altKey || event.ctrlKey || event.metaKey || target.closest('input, dialog')) return
      const step = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 }[event.key]
      if (step === undefined) return
      const page = route.page + step
      if (page < 1 || page > (pages ?? Number.POSITIVE_INFINITY)) return
      event.preventDefault()
      goTo({ ...route, page }, { replace: true })
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [route, pages])
}
