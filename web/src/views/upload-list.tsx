/** What is on its way in: sent, read, ready, or refused with the reason. */
import type { DocumentRow } from '../api/types.ts'
import { useStore } from '../base/store.ts'
import { formatBytes } from '../lib/format.ts'
import { library } from '../state/library.ts'
import { removeUpload, removeUploads, retryUpload, type Upload, uploads } from '../state/uploads.ts'
import { strings } from '../strings.ts'
import { readingText } from './document-item.tsx'
import { Icon } from './icons.tsx'

const words = strings.uploads
/** A folder of thousands: the first are shown, the rest is counted. */
const shownMax = 50

export function UploadList() {
  const list = useStore(uploads)
  const { documents } = useStore(library)
  if (list.length === 0) return null
  const byId = new Map(documents.map((document) => [document.id, document]))
  const isDone = ({ documentIds }: Upload): boolean =>
    documentIds.length > 0 && documentIds.every((id) => byId.get(id)?.status === 'ready')
  /** Of an archive's documents the one that is being read, or that failed. */
  const shownOf = ({ documentIds }: Upload): DocumentRow | undefined => {
    const all = documentIds.flatMap((id) => byId.get(id) ?? [])
    return all.find(({ status }) => status !== 'ready' && status !== 'queued') ?? all[0]
  }
  const done = list.filter(isDone)
  const open = list.filter((upload) => !isDone(upload))
  return (
    <section class="card uploads" aria-label={words.title}>
      <div class="heading">
        <h2>{words.title}</h2>
        <span class="quiet" role="status">
          {words.progress(done.length, list.length)}
        </span>
        {done.length > 0 && (
          <button type="button" onClick={() => removeUploads(done)}>
            {words.clear}
          </button>
        )}
      </div>
      <ul>
        {[...open, ...done].slice(0, shownMax).map((upload) => (
          <UploadItem
            key={upload.key}
            upload={upload}
            document={shownOf(upload)}
            isDone={isDone(upload)}
          />
        ))}
      </ul>
    </section>
  )
}

interface UploadItemProps {
  upload: Upload
  document: DocumentRow | undefined
  isDone: boolean
}

function UploadItem({ upload, document, isDone }: UploadItemProps) {
  const { key, file, state } = upload
  const problem = upload.problem || document?.error?.detail
  const share = shareOf(upload, document)
  return (
    <li class={problem ? 'upload has-problem' : 'upload'}>
      <span class="upload-name" dir="auto">
        {file.name}
      </span>
      {problem ? (
        <span class="problem" role="alert">
          {problem}
        </span>
      ) : (
        <span class="quiet upload-state">
          {isDone && <Icon name="check" />}
          {textOf(upload, document)}
        </span>
      )}
      {!problem && !isDone && (
        <progress aria-label={file.name} {...(share !== null && { value: share })} />
      )}
      {state === 'refused' && (
        <button
          type="button"
          aria-label={words.retryOf(file.name)}
          onClick={() => retryUpload(key)}
        >
          {words.retry}
        </button>
      )}
      {(state === 'refused' || problem) && (
        <button
          type="button"
          class="plain"
          aria-label={words.removeOf(file.name)}
          onClick={() => removeUpload(key)}
        >
          <Icon name="close" />
        </button>
      )}
    </li>
  )
}

function textOf({ state, file, sentBytes }: Upload, document: DocumentRow | undefined): string {
  if (state === 'waiting') return words.waiting
  if (state === 'sending') return words.sending(formatBytes(sentBytes), formatBytes(file.size))
  if (!document) return words.received
  return document.status === 'ready' ? words.ready : readingText(document)
}

/** Null where nobody knows how much is to come. */
function shareOf(
  { state, file, sentBytes }: Upload,
  document: DocumentRow | undefined,
): number | null {
  if (state === 'waiting') return 0
  if (state === 'sending') return file.size === 0 ? 0 : sentBytes / file.size
  return document?.progress?.fraction ?? null
}
