/** What can be done with the documents that are selected: a tag for all of them, or all of them gone. */
import { useState } from 'preact/hooks'
import { changeDocument, deleteDocument } from '../api/documents.ts'
import { messageOf } from '../api/http.ts'
import type { DocumentRow } from '../api/types.ts'
import { inTurns } from '../lib/in-turns.ts'
import { dropDocument, putDocument } from '../state/library.ts'
import { loadAccount } from '../state/session.ts'
import { strings } from '../strings.ts'

const words = strings.bulk

interface BulkBarProps {
  shown: readonly DocumentRow[]
  selected: ReadonlySet<string>
  onSelect: (ids: ReadonlySet<string>) => void
  onDone: () => void
}

export function BulkBar({ shown, selected, onSelect, onDone }: BulkBarProps) {
  const [tag, setTag] = useState('')
  const [isAsking, setAsking] = useState(false)
  const [said, setSaid] = useState('')
  const [problem, setProblem] = useState('')
  const chosen = shown.filter(({ id }) => selected.has(id))
  const run = async (
    action: (document: DocumentRow) => Promise<unknown>,
    done: (count: number) => string,
  ): Promise<void> => {
    setProblem('')
    const all = chosen.length
    const end = await inTurns(chosen, action, (count) => setSaid(words.working(count, all)))
    setSaid(end.done > 0 ? done(end.done) : '')
    if (end.failed.length > 0) setProblem(words.failed(end.failed.length, messageOf(end.failed[0])))
  }
  const addTag = async (event: Event): Promise<void> => {
    event.preventDefault()
    const added = tag.trim()
    if (added === '') {
      setProblem(words.tagNeeded)
      return
    }
    await run(async ({ id, tags }) => {
      if (!tags.includes(added)) putDocument(await changeDocument(id, { tags: [...tags, added] }))
    }, words.tagged)
    setTag('')
  }
  const erase = async (): Promise<void> => {
    setAsking(false)
    await run(async ({ id }) => {
      await deleteDocument(id)
      dropDocument(id)
    }, words.deleted)
    onSelect(new Set())
    void loadAccount().catch(() => undefined)
  }
  const isNone = chosen.length === 0
  return (
    <section class="bulk" aria-label={words.label}>
      <strong>{words.selected(chosen.length)}</strong>
      <button
        type="button"
        onClick={() => onSelect(new Set(isNone ? shown.map(({ id }) => id) : []))}
      >
        {isNone ? words.all : words.none}
      </button>
      <form onSubmit={(event) => void addTag(event)}>
        <input
          dir="auto"
          aria-label={words.tag}
          placeholder={words.tag}
          maxLength={64}
          value={tag}
          onInput={(event) => setTag(event.currentTarget.value)}
        />
        <button type="submit" disabled={isNone}>
          {words.addTag}
        </button>
      </form>
      <button type="button" class="danger-quiet" disabled={isNone} onClick={() => setAsking(true)}>
        {words.delete}
      </button>
      <button type="button" onClick={onDone}>
        {words.done}
      </button>
      {isAsking && (
        <div class="confirm" role="alertdialog" aria-labelledby="bulk-confirm">
          <p id="bulk-confirm">{words.confirm(chosen.length)}</p>
          <div class="buttons">
            <button type="button" class="danger" onClick={() => void erase()}>
              {words.yes}
            </button>
            <button type="button" onClick={() => setAsking(false)}>
              {words.keep}
            </button>
          </div>
        </div>
      )}
      <span class="quiet" role="status">
        {said}
      </span>
      {problem !== '' && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </section>
  )
}
