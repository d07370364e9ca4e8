/** One document's details: rename, tags, read again, delete. */
import { useEffect, useRef, useState } from 'preact/hooks'
import {
  changeDocument,
  deleteDocument,
  originalAddress,
  reprocessDocument,
} from '../api/documents.ts'
import { messageOf } from '../api/http.ts'
import type { DocumentRow } from '../api/types.ts'
import { formatBytes, formatDate, languageName } from '../lib/format.ts'
import { parseTags } from '../lib/order.ts'
import { saveOriginal } from '../state/download.ts'
import { dropDocument, putDocument } from '../state/library.ts'
import { loadAccount } from '../state/session.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'
import { PageReportList } from './page-report.tsx'

const words = strings.document

interface DocumentDialogProps {
  document: DocumentRow
  onClose: () => void
}

export function DocumentDialog({ document, onClose }: DocumentDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [title, setTitle] = useState(document.title)
  const [tags, setTags] = useState(document.tags.join(', '))
  const [problem, setProblem] = useState('')
  const [isAsking, setAsking] = useState(false)
  useEffect(() => dialog.current?.showModal(), [])
  /** Does it, and closes; or says why not, and nothing typed is lost. */
  const run = async (action: () => Promise<unknown>): Promise<void> => {
    try {
      await action()
      onClose()
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  const save = (event: Event): void => {
    event.preventDefault()
    if (title.trim() === '') {
      setProblem(words.nameNeeded)
      return
    }
    const change = { title: title.trim(), tags: parseTags(tags) }
    void run(async () => putDocument(await changeDocument(document.id, change)))
  }
  const erase = async (): Promise<void> => {
    await deleteDocument(document.id)
    dropDocument(document.id)
    void loadAccount().catch(() => undefined)
  }
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="dialog-title" onClose={onClose}>
      <form onSubmit={save}>
        <div class="heading">
          <h2 id="dialog-title">{words.title}</h2>
          <button type="button" class="plain" aria-label={strings.dialogClose} onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <label>
          {words.name}
          <input
            dir="auto"
            value={title}
            onInput={(event) => setTitle(event.currentTarget.value)}
          />
        </label>
        <label>
          {words.tags}
          <input dir="auto" value={tags} onInput={(event) => setTags(event.currentTarget.value)} />
        </label>
        <Facts document={document} />
        <PageReportList id={document.id} />
        <p class="problem" role="alert">
          {problem}
        </p>
        {isAsking ? (
          <div class="confirm" role="alertdialog" aria-labelledby="confirm-text">
            <p id="confirm-text">{words.confirmDelete(document.title)}</p>
            <div class="buttons">
              <button type="button" class="danger" onClick={() => void run(erase)}>
                {words.confirm}
              </button>
              <button type="button" onClick={() => setAsking(false)}>
                {words.keep}
              </button>
            </div>
          </div>
        ) : (
          <div class="buttons">
            <button type="submit" class="main">
              {words.save}
            </button>
            <button
              type="button"
              onClick={() =>
                void run(async () => putDocument(await reprocessDocument(document.id)))
              }
            >
              {words.reprocess}
            </button>
            <button
              type="button"
              onClick={() =>
                void run(() => saveOriginal(originalAddress(document.id), document.filename))
              }
            >
              {words.download}
            </button>
            <button type="button" class="danger-quiet" onClick={() => setAsking(true)}>
              {words.delete}
            </button>
          </div>
        )}
      </form>
    </dialog>
  )
}

function Facts({ document }: { document: DocumentRow }) {
  const { facts } = words
  const rows: [string, string | null][] = [
    [facts.file, document.filename],
    [facts.kind, document.media_type],
    [facts.size, formatBytes(document.bytes)],
    [facts.pages, document.pages === null ? null : String(document.pages)],
    [
      facts.language,
      document.language && document.language !== 'und' ? languageName(document.language) : null,
    ],
    [facts.added, formatDate(document.created_at)],
  ]
  return (
    <dl class="facts">
      {rows.map(
        ([name, value]) =>
          value && (
            <div key={name}>
              <dt>{name}</dt>
              <dd dir="auto">{value}</dd>
            </div>
          ),
      )}
    </dl>
  )
}
