/** The page that a citation names, beside the answer, with its words highlighted. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { getPage } from '../api/documents.ts'
import type { Citation, Source } from '../api/types-chat.ts'
import { pageName } from '../lib/citation.ts'
import type { Mark } from '../lib/highlight.ts'
import { occurrenceOf } from '../lib/match-passage.ts'
import { type ChatRoute, readRoute } from '../lib/route.ts'
import { goTo } from '../state/router.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'
import { Link } from './link.tsx'
import { PageView } from './page-view.tsx'
import { useDocument } from './use-document.ts'

const words = strings.chat

interface BesideProps {
  route: ChatRoute
  citation: Citation
  source: Source | undefined
}

export function Beside({ route, citation, source }: BesideProps) {
  const documentId = citation.document_id
  return (
    <aside class="beside" aria-label={words.beside}>
      <div class="beside-bar">
        <p class={`beside-label is-${citation.label}`} role="status">
          <strong>{words.labels[citation.label]}</strong>
        </p>
        <button
          type="button"
          class="plain"
          aria-label={words.close}
          onClick={() => goTo({ ...route, at: '', page: 0 }, { replace: true })}
        >
          <Icon name="close" />
        </button>
      </div>
      <p class="beside-says quiet">
        {words.says}: <q dir="auto">{citation.text}</q>
      </p>
      {documentId === null ? (
        <p class="problem">{words.noDocument}</p>
      ) : (
        <Place route={route} citation={citation} source={source} id={documentId} />
      )}
    </aside>
  )
}

function Place({ route, citation, source, id }: BesideProps & { id: string }) {
  const { document, problem } = useDocument(id)
  const cited = citation.page ?? source?.page ?? 1
  const page = route.page || cited
  const mark = useQuote(id, citation)
  const turnTo = (to: number): void => goTo({ ...route, page: to }, { replace: true })
  if (problem !== '')
    return (
      <p class="problem" role="alert">
        {problem}
      </p>
    )
  if (!document) return <p class="quiet">{strings.reader.loading}</p>
  const label = page === cited ? citation.page_label : null
  return (
    <>
      <div class="beside-place">
        <h2 dir="auto">{document.title}</h2>
        <div class="group">
          <button
            type="button"
            class="plain"
            aria-label={strings.reader.previous}
            disabled={page <= 1}
            onClick={() => turnTo(page - 1)}
          >
            <Icon name="left" />
          </button>
          <span>{strings.search.page(pageName(page, label))}</span>
          <button
            type="button"
            class="plain"
            aria-label={strings.reader.next}
            disabled={document.pages !== null && page >= document.pages}
            onClick={() => turnTo(page + 1)}
          >
            <Icon name="right" />
          </button>
          <Link to={readRoute(id, page)} class="button plain">
            {words.openReader}
          </Link>
        </div>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and only what has the focus scrolls by key */}
      <section class="beside-page" tabIndex={0} aria-label={strings.reader.pageImage(page)}>
        <PageView
          document={document}
          page={page}
          hit={page === cited ? mark : undefined}
          zoom={1}
          asText={false}
          onLabel={ignore}
        />
      </section>
    </>
  )
}

const ignore = (): void => undefined

/** The words as the page has them, which are not always letter for letter those of the answer. */
function useQuote(id: string, { page, start, end, text }: Citation): Mark | undefined {
  const [quoted, setQuoted] = useState<Mark>()
  useEffect(() => {
    setQuoted(undefined)
    if (page === null || start === null || end === null) return
    const ended = new AbortController()
    getPage(id, page, ended.signal).then(
      (found) =>
        setQuoted({
          text: found.text.slice(start, end),
          snippet: '',
          occurrence: occurrenceOf(found.text, start, end),
        }),
      // The page itself says what is wrong.
      () => undefined,
    )
    return () => ended.abort()
  }, [id, page, start, end])
  return useMemo(
    () => (start === null ? undefined : (quoted ?? { text, snippet: '' })),
    [quoted, text, start],
  )
}
