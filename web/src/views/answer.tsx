/** An answer: text, and a chip where it names a source, which opens that page beside it. Nothing of it is ever HTML. */
import type { VNode } from 'preact'
import { useMemo, useRef } from 'preact/hooks'
import type { AnswerDetail, Citation, Source } from '../api/types-chat.ts'
import { type AnswerCut, type AnswerPart, cutAnswer } from '../lib/answer-parts.ts'
import { pageName } from '../lib/citation.ts'
import type { ChatRoute } from '../lib/route.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'
import { Link } from './link.tsx'

const words = strings.chat
const icons = { verified: 'check', close: 'near', not_found: 'alert', open: 'more' } as const

interface AnswerProps {
  route: ChatRoute
  /** Of the answer: what an address of one of its citations begins with. */
  id: string
  text: string
  sources: readonly Source[]
  citations: readonly Citation[]
}

export function Answer({ route, id, text, sources, citations }: AnswerProps) {
  const paragraphs = useCut(text, citations)
  const draw = useKept([route, id, sources])
  return (
    <div class="answer-text">
      {draw(paragraphs, (parts, at) => (
        <p key={at} dir="auto">
          {parts.map((part, place) => (
            <Part
              key={place}
              part={part}
              at={part.kind === 'chip' ? `${id}.${part.citation}` : ''}
              route={route}
              source={part.kind === 'chip' ? sources.find(({ n }) => n === part.n) : undefined}
            />
          ))}
        </p>
      ))}
    </div>
  )
}

type Parts = readonly AnswerPart[]

/** Of an answer that grows only what is new is cut. */
function useCut(text: string, citations: readonly Citation[]): readonly Parts[] {
  const last = useRef<AnswerCut>(undefined)
  return useMemo(() => {
    last.current = cutAnswer(text, citations, last.current)
    return last.current.paragraphs.map(({ parts }) => parts)
  }, [text, citations])
}

/** Of an answer that grows only what is new is drawn: Preact passes over what is the same object as before. */
function useKept(inputs: readonly unknown[]) {
  const kept = useMemo(() => ({ drawn: new Map<Parts, VNode>() }), inputs)
  return (paragraphs: readonly Parts[], draw: (parts: Parts, at: number) => VNode): VNode[] => {
    kept.drawn = new Map(
      paragraphs.map((parts, at) => [parts, kept.drawn.get(parts) ?? draw(parts, at)]),
    )
    return [...kept.drawn.values()]
  }
}

interface PartProps {
  part: AnswerPart
  at: string
  route: ChatRoute
  source: Source | undefined
}

function Part({ part, at, route, source }: PartProps) {
  if (part.kind === 'text')
    return (
      <span
        class={part.isUnsupported ? 'unsupported' : undefined}
        title={part.isUnsupported ? words.unsupported : undefined}
      >
        {part.text}
      </span>
    )
  const place = source
    ? words.place(source.title, pageName(source.page, source.page_label))
    : words.noDocument
  const label = words.chip(part.n, words.labels[part.label], place)
  const inside = (
    <>
      {part.n}
      <Icon name={icons[part.label]} />
    </>
  )
  // Until it was looked up there is nothing to open: it has its room already, so that nothing moves.
  if (part.citation === -1) return <span class="chip is-open">{inside}</span>
  return (
    <Link
      to={{ ...route, at, page: 0 }}
      class={`chip is-${part.label}`}
      current={route.at === at}
      label={label}
      title={label}
    >
      {inside}
    </Link>
  )
}

/** How it was made, what there is to say about it, and where it all stands. */
export function AnswerFoot({
  route,
  id,
  detail,
}: {
  route: ChatRoute
  id: string
  detail: AnswerDetail
}) {
  const { mode, model, notice, passages, citations } = detail
  const cited = passages.filter(({ n }) => citations.some((citation) => citation.n === n))
  return (
    <div class="answer-foot quiet">
      <p>{mode === 'model' ? words.modes.model(model ?? '') : words.modes[mode]}</p>
      {notice !== null && <p class="notice">{notice}</p>}
      {cited.length > 0 && (
        <details class="sources">
          <summary>{words.sources(cited.length)}</summary>
          <ol>
            {cited.map((source) => (
              <li key={source.n} dir="auto">
                <Link to={{ ...route, at: `${id}.${firstOf(citations, source.n)}`, page: 0 }}>
                  [{source.n}] {words.place(source.title, pageName(source.page, source.page_label))}
                </Link>
              </li>
            ))}
          </ol>
        </details>
      )}
    </div>
  )
}

function firstOf(citations: readonly Citation[], n: number): number {
  const found = citations.findIndex((citation) => citation.n === n && citation.start !== null)
  return found === -1 ? citations.findIndex((citation) => citation.n === n) : found
}
