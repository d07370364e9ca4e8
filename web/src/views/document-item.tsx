/** One document as a row. */
import { reprocessDocument } from '../api/documents.ts'
import type { DocumentRow } from '../api/types.ts'
import { formatBytes, formatDate } from '../lib/format.ts'
import { readRoute } from '../lib/route.ts'
import { putDocument } from '../state/library.ts'
import { strings } from '../strings.ts'
import { Cover } from './cover.tsx'
import { Icon } from './icons.tsx'
import { Link } from './link.tsx'

const words = strings.library

interface DocumentItemProps {
  document: DocumentRow
  onEdit: (id: string) => void
  /** Given while documents are selected. */
  onToggle?: ((id: string) => void) | undefined
  isSelected?: boolean
}

export function DocumentItem(props: DocumentItemProps) {
  const { document, onEdit, onToggle, isSelected = false } = props
  const { id, title, tags } = document
  return (
    <article class={`document is-${document.status}`}>
      {onToggle && (
        <input
          type="checkbox"
          checked={isSelected}
          aria-label={strings.bulk.selectOne(title)}
          onChange={() => onToggle(id)}
        />
      )}
      <Cover document={document} />
      <div class="document-text">
        {/* Every title begins at the same edge, and is read in its own direction. */}
        <h2>
          <Link to={readRoute(id, 1)}>
            <bdi>{title}</bdi>
          </Link>
        </h2>
        <p class="document-line">
          <StatusLine document={document} />
          {tags.map((tag) => (
            <span key={tag} class="tag small">
              <bdi>{tag}</bdi>
            </span>
          ))}
        </p>
      </div>
      {document.status === 'failed' && (
        <button
          type="button"
          class="plain"
          aria-label={words.retryOf(title)}
          onClick={() => void reprocessDocument(id).then(putDocument, () => undefined)}
        >
          <Icon name="retry" />
          <span class="wide-only">{words.retry}</span>
        </button>
      )}
      <button type="button" class="plain" aria-label={words.edit(title)} onClick={() => onEdit(id)}>
        <Icon name="more" />
      </button>
    </article>
  )
}

function StatusLine({ document }: { document: DocumentRow }) {
  const { status, pages, bytes, created_at, error } = document
  if (status === 'failed')
    return (
      <span class="problem" title={error?.detail}>
        {words.failed}
        {error && `: ${error.detail}`}
      </span>
    )
  if (status !== 'ready') return <Reading document={document} />
  return (
    <span class="quiet">
      {[pages !== null && words.pages(pages), formatBytes(bytes), formatDate(created_at)]
        .filter(Boolean)
        .join(' · ')}
    </span>
  )
}

/** How far reading got: pages where their number is known, and the time left where it is worth saying. */
export function readingText({ status, progress }: DocumentRow): string {
  if (status === 'queued') return words.queued
  if (progress?.phase !== 'reading' || progress.pages_total === null) return words.reading
  const { pages_done, pages_total, seconds_left } = progress
  const page = Math.min(pages_total, pages_done + 1)
  const left = seconds_left !== null && seconds_left >= 5 ? words.secondsLeft(seconds_left) : ''
  return words.readingPage(page, pages_total) + left
}

function Reading({ document }: { document: DocumentRow }) {
  const text = readingText(document)
  const fraction = document.progress?.fraction ?? null
  return (
    <span class="reading">
      <progress aria-label={text} {...(fraction !== null && { value: fraction })} />
      <span class="quiet">{text}</span>
    </span>
  )
}
