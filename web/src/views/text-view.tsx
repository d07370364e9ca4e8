/** A page as calm text: for books and notes, and for PDFs where somebody prefers it. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { getPage } from '../api/documents.ts'
import { isAbort, messageOf } from '../api/http.ts'
import type { DocumentPage } from '../api/types.ts'
import { isServerGone } from '../base/connection.ts'
import { useStore } from '../base/store.ts'
import { cutText, type Mark } from '../lib/highlight.ts'
import { matchPassage, matchWords } from '../lib/match-passage.ts'
import { paragraphsOf } from '../lib/paragraphs.ts'
import { markedWords } from '../lib/snippet.ts'
import { strings } from '../strings.ts'
import type { PageViewProps } from './page-view.tsx'

const words = strings.reader

interface TextViewProps extends PageViewProps {
  onLabel: (label: string | null) => void
}

export function TextView({ document, page, hit, zoom, onLabel }: TextViewProps) {
  const [shown, setShown] = useState<DocumentPage>()
  const [problem, setProblem] = useState('')
  const isGone = useStore(isServerGone)
  useEffect(() => {
    const ended = new AbortController()
    getPage(document.id, page, ended.signal).then(
      (found) => {
        setShown(found)
        onLabel(found.label)
        setProblem('')
      },
      (error: unknown) => !isAbort(error) && setProblem(messageOf(error)),
    )
    return () => {
      ended.abort()
      onLabel(null)
    }
  }, [document.id, document.status, page, isGone])
  if (problem !== '')
    return (
      <p class="problem" role="alert">
        {problem}
      </p>
    )
  if (!shown) return <p class="quiet">{words.loading}</p>
  if (shown.text.trim() === '') return <p class="quiet">{words.emptyPage}</p>
  return <Paragraphs text={shown.text} hit={hit} zoom={zoom} />
}

interface ParagraphsProps {
  text: string
  hit: Mark | undefined
  zoom: number
}

function Paragraphs({ text, hit, zoom }: ParagraphsProps) {
  const root = useRef<HTMLDivElement>(null)
  const paragraphs = useMemo(() => paragraphsOf(text), [text])
  const found = useMemo(() => {
    const passage = hit ? matchPassage(paragraphs, hit.text, hit.occurrence) : []
    return { passage, words: hit ? matchWords(paragraphs, markedWords(hit.snippet), passage) : [] }
  }, [paragraphs, hit])
  useEffect(() => {
    const mark = root.current?.querySelector('.word') ?? root.current?.querySelector('.passage')
    mark?.scrollIntoView({ block: 'center' })
  }, [found])
  return (
    <div class="text-page" ref={root} style={{ fontSize: `${1.15 * zoom}rem` }}>
      {paragraphs.map((paragraph, number) => (
        <p key={number} dir="auto">
          {cutText(
            paragraph,
            found.passage.filter(({ piece }) => piece === number),
            found.words.filter(({ piece }) => piece === number),
          ).map(({ text: part, emphasis }, at) =>
            emphasis === 'none' ? (
              part
            ) : (
              <mark key={at} class={emphasis}>
                {part}
              </mark>
            ),
          )}
        </p>
      ))}
    </div>
  )
}
