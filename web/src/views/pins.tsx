/** The documents that a conversation asks: shown as chips, chosen from the library. */
import { useState } from 'preact/hooks'
import { useStore } from '../base/store.ts'
import { shownDocuments } from '../lib/order.ts'
import { pinDocuments } from '../state/chat.ts'
import { library } from '../state/library.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'

const words = strings.chat
/** More than anybody looks through: the filter finds the others. */
const offeredMax = 30

export function Pins({ pinned }: { pinned: readonly string[] }) {
  const { documents } = useStore(library)
  const titleOf = (id: string): string =>
    documents.find((document) => document.id === id)?.title ?? words.gonePin
  const toggle = (id: string): void =>
    pinDocuments(pinned.includes(id) ? pinned.filter((one) => one !== id) : [...pinned, id])
  return (
    <div class="pins">
      {pinned.length > 0 && <span class="quiet">{words.pinned}</span>}
      {pinned.map((id) => (
        <span key={id} class="tag pin">
          <bdi>{titleOf(id)}</bdi>
          <button
            type="button"
            class="plain"
            aria-label={words.unpin(titleOf(id))}
            onClick={() => toggle(id)}
          >
            <Icon name="close" />
          </button>
        </span>
      ))}
      {documents.length > 0 && <Chooser pinned={pinned} onToggle={toggle} />}
    </div>
  )
}

interface ChooserProps {
  pinned: readonly string[]
  onToggle: (id: string) => void
}

function Chooser({ pinned, onToggle }: ChooserProps) {
  const { documents } = useStore(library)
  const [filter, setFilter] = useState('')
  const offered = shownDocuments(documents, { filter, tag: '', sort: 'title' })
  return (
    <details
      class="pin-menu"
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        event.currentTarget.open = false
        event.currentTarget.querySelector('summary')?.focus()
      }}
    >
      <summary class="button plain">
        <Icon name="pin" />
        {words.pin}
      </summary>
      <div class="card">
        <input
          type="search"
          dir="auto"
          aria-label={words.pinFilter}
          placeholder={words.pinFilter}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <ul>
          {offered.slice(0, offeredMax).map(({ id, title }) => (
            <li key={id}>
              <label>
                <input
                  type="checkbox"
                  checked={pinned.includes(id)}
                  onChange={() => onToggle(id)}
                />
                <bdi>{title}</bdi>
              </label>
            </li>
          ))}
        </ul>
        {offered.length === 0 && <p class="quiet">{words.pinNone}</p>}
      </div>
    </details>
  )
}
