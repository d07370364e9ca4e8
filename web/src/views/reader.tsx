/** The reader: a page of a document, with the passage that was searched for highlighted on it. */
import { Component, type ComponentChildren, type ComponentType } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { getDocument } from '../api/documents.ts'
import { isAbort, messageOf } from '../api/http.ts'
import { findHit } from '../api/search.ts'
import type { DocumentRow, Hit } from '../api/types.ts'
import { isServerGone } from '../base/connection.ts'
import { useStore } from '../base/store.ts'
import type { ReadRoute } from '../lib/route.ts'
import { keptHit } from '../state/hits.ts'
import { isSettled, library, putDocument } from '../state/library.ts'
import { goTo } from '../state/router.ts'
import { strings } from '../strings.ts'
import { ReaderBar } from './reader-bar.tsx'
import { TextView } from './text-view.tsx'

const words = strings.reader

/** What draws a page. */
export interface PageViewProps {
  document: DocumentRow
  page: number
  hit: Hit | undefined
  zoom: number
}

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
  const isPdf = row.media_type === 'application/pdf'
  const isDrawn = isPdf && !route.asText
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
      {isDrawn && (
        <Guarded key={route.page}>
          <Lazy document={row} page={route.page} hit={hit} zoom={zoom} />
        </Guarded>
      )}
      {!isDrawn && (isSettled(row) || row.passages > 0) && (
        <TextView document={row} page={route.page} hit={hit} zoom={zoom} onLabel={setLabel} />
      )}
      {!isDrawn && !isSettled(row) && row.passages === 0 && <p class="quiet">{words.notReady}</p>}
    </article>
  )
}

function useDocument(id: string): { document: DocumentRow | undefined; problem: string } {
  const { documents } = useStore(library)
  const isGone = useStore(isServerGone)
  const known = documents.find((document) => document.id === id)
  const [asked, setAsked] = useState<DocumentRow>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    if (known) return
    const ended = new AbortController()
    getDocument(id, ended.signal).then(
      (document) => {
        setAsked(document)
        setProblem('')
        // Only a list that is whole may be added to.
        if (library.value.state === 'loaded') putDocument(document)
      },
      (error: unknown) => !isAbort(error) && setProblem(messageOf(error)),
    )
    return () => ended.abort()
  }, [id, known === undefined, isGone])
  return { document: known ?? asked, problem: known ? '' : problem }
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

/** pdf.js is larger than all the rest together: it comes when the first PDF is opened. */
function Lazy(props: PageViewProps) {
  const [View, setView] = useState<{ of: ComponentType<PageViewProps> }>()
  const [isFailed, setFailed] = useState(false)
  useEffect(() => {
    import('./pdf-view.tsx').then(
      ({ PdfView }) => setView({ of: PdfView }),
      () => setFailed(true),
    )
  }, [])
  if (isFailed)
    return (
      <p class="problem" role="alert">
        {words.chunkFailed}
      </p>
    )
  return View ? <View.of {...props} /> : <p class="quiet">{words.loading}</p>
}

/** What a view throws while it draws is its own trouble, not the whole app's. */
class Guarded extends Component<{ children: ComponentChildren }, { isFailed: boolean }> {
  override state = { isFailed: false }

  override componentDidCatch(): void {
    this.setState({ isFailed: true })
  }

  override render() {
    return this.state.isFailed ? <p class="problem">{words.pdfFailed}</p> : this.props.children
  }
}
