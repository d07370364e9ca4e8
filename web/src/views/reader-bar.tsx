/** What stands above a page: the way back, the title, where one is, and what one can do. */
import { useEffect, useState } from 'preact/hooks'
import type { DocumentRow, Hit } from '../api/types.ts'
import { chatRoute, libraryRoute, type ReadRoute, searchRoute } from '../lib/route.ts'
import { lastSearch } from '../state/hits.ts'
import { goTo } from '../state/router.ts'
import { strings } from '../strings.ts'
import { CiteButton } from './cite-button.tsx'
import { ContentsMenu } from './contents-menu.tsx'
import { Icon } from './icons.tsx'
import { Link } from './link.tsx'

const words = strings.reader
const zoomStep = 1.2
const zoomMin = 0.5
const zoomMax = 3

interface ReaderBarProps {
  route: ReadRoute
  document: DocumentRow
  hit: Hit | undefined
  /** The printed number of this page, where it is known. */
  label: string | null
  isPdf: boolean
  zoom: number
  onZoom: (zoom: number) => void
}

export function ReaderBar({ route, document, hit, label, isPdf, zoom, onZoom }: ReaderBarProps) {
  const here = hit?.page === route.page ? hit : undefined
  const printed = label ?? here?.page_label ?? null
  const citable = here ?? { title: document.title, page: route.page, page_label: printed, text: '' }
  return (
    <header class="reader-bar">
      <div class="reader-title">
        {route.query === '' ? (
          <Link to={libraryRoute} class="button plain" label={words.backToLibrary}>
            <Icon name="back" />
          </Link>
        ) : (
          <Link
            to={lastSearch?.query === route.query ? lastSearch : searchRoute(route.query)}
            class="button plain"
            label={words.back}
          >
            <Icon name="back" />
          </Link>
        )}
        <h1 dir="auto">{document.title}</h1>
        <div class="group reader-uses">
          <Link to={searchRoute(route.query, { documents: [route.id] })} class="button plain">
            <Icon name="search" />
            <span class="label">{words.find}</span>
          </Link>
          <Link to={chatRoute('', { documents: [route.id] })} class="button plain">
            <Icon name="chat" />
            <span class="label">{words.ask}</span>
          </Link>
        </div>
      </div>
      <div class="reader-tools">
        <PageChooser route={route} pages={document.pages} printed={printed} />
        <div class="group">
          <button
            type="button"
            class="plain"
            aria-label={words.zoomOut}
            disabled={zoom <= zoomMin}
            onClick={() => onZoom(Math.max(zoomMin, zoom / zoomStep))}
          >
            <Icon name="minus" />
          </button>
          <button
            type="button"
            class="plain"
            aria-label={words.zoomIn}
            disabled={zoom >= zoomMax}
            onClick={() => onZoom(Math.min(zoomMax, zoom * zoomStep))}
          >
            <Icon name="plus" />
          </button>
        </div>
        {isPdf && (
          <fieldset class="group switch" aria-label={words.view}>
            {[false, true].map((asText) => (
              <button
                key={String(asText)}
                type="button"
                aria-pressed={route.asText === asText}
                onClick={() => goTo({ ...route, asText }, { replace: true })}
              >
                {asText ? words.showText : words.showPdf}
              </button>
            ))}
          </fieldset>
        )}
        <ContentsMenu route={route} />
        <CiteButton citable={citable} />
      </div>
    </header>
  )
}

interface PageChooserProps {
  route: ReadRoute
  pages: number | null
  printed: string | null
}

function PageChooser({ route, pages, printed }: PageChooserProps) {
  const [typed, setTyped] = useState(String(route.page))
  useEffect(() => setTyped(String(route.page)), [route.page])
  const turnTo = (page: number): void => {
    if (page >= 1 && page <= (pages ?? Number.POSITIVE_INFINITY))
      goTo({ ...route, page }, { replace: true })
    else setTyped(String(route.page))
  }
  return (
    <form
      class="group pages"
      onSubmit={(event) => {
        event.preventDefault()
        turnTo(Number.parseInt(typed, 10))
      }}
    >
      <button
        type="button"
        class="plain"
        aria-label={words.previous}
        disabled={route.page <= 1}
        onClick={() => turnTo(route.page - 1)}
      >
        <Icon name="left" />
      </button>
      <label>
        <span class="hidden">{words.page}</span>
        <input
          inputMode="numeric"
          value={typed}
          size={4}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onBlur={() => turnTo(Number.parseInt(typed, 10))}
        />
      </label>
      {pages !== null && <span class="quiet">{words.of(pages)}</span>}
      {printed !== null && printed !== String(route.page) && (
        <span class="quiet printed">{words.label(printed)}</span>
      )}
      <button
        type="button"
        class="plain"
        aria-label={words.next}
        disabled={pages !== null && route.page >= pages}
        onClick={() => turnTo(route.page + 1)}
      >
        <Icon name="right" />
      </button>
    </form>
  )
}
