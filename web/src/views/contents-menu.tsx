/** The table of contents, where the document has one: asked for when it is opened. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { getContents } from '../api/documents.ts'
import { isAbort, messageOf } from '../api/http.ts'
import type { ContentsItem } from '../api/types.ts'
import type { ReadRoute } from '../lib/route.ts'
import { strings } from '../strings.ts'
import { Link } from './link.tsx'

const words = strings.reader

export function ContentsMenu({ route }: { route: ReadRoute }) {
  const menu = useRef<HTMLDetailsElement>(null)
  const [isOpen, setOpen] = useState(false)
  const [items, setItems] = useState<readonly ContentsItem[]>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    if (!isOpen || items) return
    const ended = new AbortController()
    getContents(route.id, ended.signal).then(
      (contents) => setItems(contents.items.filter(({ page }) => page !== null)),
      (error: unknown) => !isAbort(error) && setProblem(messageOf(error)),
    )
    return () => ended.abort()
  }, [isOpen, items, route.id])
  // Somebody who chose an entry wants the page, not the list.
  useEffect(() => menu.current?.removeAttribute('open'), [route.page])
  return (
    <details class="contents" ref={menu} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="button plain">{words.contents}</summary>
      <nav class="card" aria-label={words.contents}>
        {problem !== '' && <p class="problem">{problem}</p>}
        {!items && problem === '' && <p class="quiet">{words.loading}</p>}
        {items?.length === 0 && <p class="quiet">{words.noContents}</p>}
        <ol>
          {items?.map(({ title, level, page, page_label }) => (
            <li
              key={`${page} ${title}`}
              style={{ paddingInlineStart: `${level - 1}rem` }}
              dir="auto"
            >
              <Link to={{ ...route, page: page ?? 1 }}>
                <span>{title}</span>
                <span class="quiet">{page_label ?? page}</span>
              </Link>
            </li>
          ))}
        </ol>
      </nav>
    </details>
  )
}
