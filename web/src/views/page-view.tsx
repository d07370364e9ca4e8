/** A page of a document: as it is, where it can be drawn, or as text; beside an answer as in the reader. */
import { Component, type ComponentChildren } from 'preact'
import type { DocumentRow } from '../api/types.ts'
import type { Mark } from '../lib/highlight.ts'
import { isSettled } from '../state/library.ts'
import { strings } from '../strings.ts'
import { lazily } from './lazily.tsx'
import { TextView } from './text-view.tsx'

const words = strings.reader

/** What draws a page. */
export interface PageViewProps {
  document: DocumentRow
  page: number
  hit: Mark | undefined
  zoom: number
}

export function isDrawable({ media_type }: DocumentRow): boolean {
  return media_type === 'application/pdf'
}

interface EitherProps extends PageViewProps {
  asText: boolean
  /** Told the printed number of the page. */
  onLabel: (label: string | null) => void
}

export function PageView({ asText, onLabel, ...props }: EitherProps) {
  const { document, page } = props
  if (isDrawable(document) && !asText)
    return (
      <Guarded key={page}>
        <LazyPdf {...props} />
      </Guarded>
    )
  if (!isSettled(document) && document.passages === 0) return <p class="quiet">{words.notReady}</p>
  return <TextView {...props} onLabel={onLabel} />
}

/** pdf.js is larger than all the rest together: it comes when the first PDF is opened. */
const LazyPdf = lazily<PageViewProps>(() => import('./pdf-view.tsx').then(({ PdfView }) => PdfView))

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
