/** The library: what is in it, what is on its way in, and what to do when there is nothing yet. */
import { useMemo, useState } from 'preact/hooks'
import type { DocumentRow } from '../api/types.ts'
import { useStore } from '../base/store.ts'
import { shownDocuments, tagCounts } from '../lib/order.ts'
import { type LibraryRoute, libraryRoute, type Sort, sorts } from '../lib/route.ts'
import { type Library, library, loadLibrary } from '../state/library.ts'
import { goTo } from '../state/router.ts'
import { strings } from '../strings.ts'
import { AddButtons } from './add-buttons.tsx'
import { BulkBar } from './bulk-bar.tsx'
import { DocumentDialog } from './document-dialog.tsx'
import { DocumentList } from './document-list.tsx'
import { EmptyLibrary } from './empty-library.tsx'
import { Icon } from './icons.tsx'
import { UploadList } from './upload-list.tsx'

const words = strings.library

export function LibraryScreen({ route }: { route: LibraryRoute }) {
  const now = useStore(library)
  const [edited, setEdited] = useState<string>()
  const [selected, setSelected] = useState<ReadonlySet<string>>()
  const shown = useMemo(() => shownDocuments(now.documents, route), [now.documents, route])
  const document = now.documents.find(({ id }) => id === edited)
  const isEmpty = now.state === 'loaded' && now.documents.length === 0
  return (
    <>
      <div class="heading">
        <h1>{words.title}</h1>
        {!isEmpty && (
          <button
            type="button"
            aria-pressed={selected !== undefined}
            onClick={() => setSelected(selected ? undefined : new Set())}
          >
            <Icon name="check" />
            {strings.bulk.select}
          </button>
        )}
        {!isEmpty && <AddButtons />}
      </div>
      <UploadList />
      {isEmpty ? <EmptyLibrary /> : <Toolbar route={route} now={now} shown={shown} />}
      {selected && !isEmpty && (
        <BulkBar
          shown={shown}
          selected={selected}
          onSelect={setSelected}
          onDone={() => setSelected(undefined)}
        />
      )}
      {now.state === 'failed' && (
        <p class="problem" role="alert">
          {now.problem}{' '}
          <button type="button" onClick={() => void loadLibrary()}>
            {strings.problem.retry}
          </button>
        </p>
      )}
      {now.state === 'loading' && now.documents.length === 0 && (
        <p class="quiet">{words.loading}</p>
      )}
      {shown.length === 0 && now.documents.length > 0 && (
        <p class="quiet">
          {words.none}{' '}
          <button type="button" onClick={() => goTo(libraryRoute, { replace: true })}>
            {words.clearFilter}
          </button>
        </p>
      )}
      <DocumentList
        documents={shown}
        onEdit={setEdited}
        selected={selected ?? nobody}
        onToggle={selected && ((id) => setSelected(toggled(selected, id)))}
      />
      {document && <DocumentDialog document={document} onClose={() => setEdited(undefined)} />}
    </>
  )
}

const nobody: ReadonlySet<string> = new Set()

function toggled(selected: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return selected.symmetricDifference(new Set([id]))
}

interface ToolbarProps {
  route: LibraryRoute
  now: Library
  shown: readonly DocumentRow[]
}

function Toolbar({ route, now, shown }: ToolbarProps) {
  const tags = useMemo(() => tagCounts(now.documents), [now.documents])
  const to = (change: Partial<LibraryRoute>): void =>
    goTo({ ...route, ...change }, { replace: true })
  return (
    <div class="toolbar">
      <input
        type="search"
        aria-label={words.filter}
        placeholder={words.filter}
        value={route.filter}
        onInput={(event) => to({ filter: event.currentTarget.value })}
      />
      <label class="sort">
        <span class="quiet">{words.sort}</span>
        <select
          value={route.sort}
          onChange={(event) => to({ sort: event.currentTarget.value as Sort })}
        >
          {sorts.map((sort) => (
            <option key={sort} value={sort}>
              {words.sorts[sort]}
            </option>
          ))}
        </select>
      </label>
      <span class="quiet count" role="status">
        {now.documents.length > 0 && words.count(shown.length, now.documents.length)}
      </span>
      {tags.length > 0 && (
        <fieldset class="tags" aria-label={words.tags}>
          <TagButton name={words.allTags} isOn={route.tag === ''} onPress={() => to({ tag: '' })} />
          {tags.map(([tag, count]) => (
            <TagButton
              key={tag}
              name={tag}
              count={count}
              isOn={route.tag === tag}
              onPress={() => to({ tag: route.tag === tag ? '' : tag })}
            />
          ))}
        </fieldset>
      )}
    </div>
  )
}

interface TagButtonProps {
  name: string
  count?: number
  isOn: boolean
  onPress: () => void
}

function TagButton({ name, count, isOn, onPress }: TagButtonProps) {
  return (
    <button type="button" class="tag" aria-pressed={isOn} onClick={onPress}>
      <bdi>{name}</bdi>
      {count !== undefined && <span class="tag-count"> {count}</span>}
    </button>
  )
}
