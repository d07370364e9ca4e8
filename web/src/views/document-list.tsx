/** The documents as rows, of which only those near the screen are drawn. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { DocumentRow } from '../api/types.ts'
import { visibleRows } from '../lib/virtual.ts'
import { strings } from '../strings.ts'
import { DocumentItem } from './document-item.tsx'

/** In root em, so that larger text gets taller rows. */
const rowRem = 4.75

interface DocumentListProps {
  documents: readonly DocumentRow[]
  onEdit: (id: string) => void
  /** Given while documents are selected. */
  onToggle: ((id: string) => void) | undefined
  selected: ReadonlySet<string>
}

export function DocumentList(props: DocumentListProps) {
  const { documents, onEdit, onToggle, selected } = props
  const list = useRef<HTMLUListElement>(null)
  const [rowPx, setRowPx] = useState(rowRem * 16)
  const [view, setView] = useState({ scrolledPx: 0, heightPx: innerHeight })
  useEffect(() => {
    const look = (): void => {
      setRowPx(rowRem * Number.parseFloat(getComputedStyle(document.documentElement).fontSize))
      const top = list.current?.getBoundingClientRect().top ?? 0
      setView({ scrolledPx: -top, heightPx: innerHeight })
    }
    look()
    addEventListener('scroll', look, { passive: true })
    addEventListener('resize', look)
    return () => {
      removeEventListener('scroll', look)
      removeEventListener('resize', look)
    }
  }, [documents.length])
  if (documents.length === 0) return null
  const rows = visibleRows(documents.length, rowPx, view.scrolledPx, view.heightPx)
  return (
    <ul
      class="documents"
      ref={list}
      aria-label={strings.library.list}
      style={{ height: `${documents.length * rowRem}rem` }}
      onKeyDown={moveFocus}
    >
      {documents.slice(rows.first, rows.end).map((document, at) => (
        <li
          key={document.id}
          aria-setsize={documents.length}
          aria-posinset={rows.first + at + 1}
          style={{ top: `${(rows.first + at) * rowRem}rem` }}
        >
          <DocumentItem
            document={document}
            onEdit={onEdit}
            onToggle={onToggle}
            isSelected={selected.has(document.id)}
          />
        </li>
      ))}
    </ul>
  )
}

/** Up and down go from title to title. */
function moveFocus(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  const from = (event.target as HTMLElement).closest('li')
  if (step === undefined || !from) return
  const to = step === 1 ? from.nextElementSibling : from.previousElementSibling
  const link = to?.querySelector('a')
  if (!link) return
  event.preventDefault()
  link.focus()
  link.scrollIntoView({ block: 'nearest' })
}
