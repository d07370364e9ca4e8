/** Files on their way to the server: a few at once, each with what became of it; they outlive the screen that began them. */
import { ApiError, messageOf } from '../api/http.ts'
import { uploadFile } from '../api/upload.ts'
import { isServerGone, onServerBack } from '../base/connection.ts'
import { Store } from '../base/store.ts'
import { tokenNeed } from '../base/token.ts'
import { formatBytes } from '../lib/format.ts'
import { strings } from '../strings.ts'
import { putDocument } from './library.ts'
import { account, loadAccount } from './session.ts'

export interface Upload {
  readonly key: number
  readonly file: File
  readonly state: 'waiting' | 'sending' | 'received' | 'refused'
  readonly sentBytes: number
  /** Where a part of a large file lies on the server already. */
  readonly location?: string
  /** Once received: one, or several out of an archive. */
  readonly documentIds: readonly string[]
  /** Why it was refused, and what to do. */
  readonly problem: string
}

const atOnceMax = 2
/** What goes by itself again: nothing was wrong with the file. */
const passing: ReadonlySet<string> = new Set([
  'too_many_requests',
  'overloaded',
  'deadline_exceeded',
])
const retryAfterSDefault = 5
const skippedShownMax = 5

export const uploads = new Store<readonly Upload[]>([])
let nextKey = 1

export function addFiles(files: readonly File[]): void {
  const added = files.map((file): Upload => {
    const problem = refusal(file)
    const state = problem === '' ? 'waiting' : 'refused'
    return { key: nextKey++, file, state, sentBytes: 0, documentIds: [], problem }
  })
  uploads.update((now) => [...now, ...added])
  pump()
}

export function retryUpload(key: number): void {
  change(key, { state: 'waiting', problem: '', sentBytes: 0 })
  pump()
}

export function removeUpload(key: number): void {
  uploads.update((now) => now.filter((upload) => upload.key !== key))
}

export function removeUploads(gone: readonly Upload[]): void {
  const keys = new Set(gone.map(({ key }) => key))
  uploads.update((now) => now.filter(({ key }) => !keys.has(key)))
}

/** Before a byte is sent: what the server would refuse anyway. */
function refusal(file: File): string {
  if (file.size === 0) return strings.uploads.empty
  const me = account.value
  if (!me) return ''
  if (!me.scopes.includes('write')) return strings.uploads.noPermission
  const { documents, bytes } = me.quota
  if (documents.limit !== null && documents.used >= documents.limit) return strings.uploads.tooMany
  if (bytes.limit !== null && bytes.used + file.size > bytes.limit)
    return strings.uploads.tooLarge(formatBytes(Math.max(0, bytes.limit - bytes.used)))
  return ''
}

function pump(): void {
  if (isServerGone.value || tokenNeed.value !== 'none') return
  const sending = uploads.value.filter(({ state }) => state === 'sending').length
  const waiting = uploads.value.filter(({ state }) => state === 'waiting')
  for (const upload of waiting.slice(0, Math.max(0, atOnceMax - sending))) void send(upload)
}

async function send({ key, file, location }: Upload): Promise<void> {
  change(key, { state: 'sending', sentBytes: 0 })
  try {
    const { documents, skipped = [] } = await uploadFile(file, {
      location,
      onLocation: (there) => change(key, { location: there }),
      onSent: (sentBytes) => change(key, { sentBytes: Math.min(sentBytes, file.size) }),
    })
    documents.forEach(putDocument)
    const names = skipped.slice(0, skippedShownMax).map(({ name, reason }) => `${name}: ${reason}`)
    const problem = skipped.length === 0 ? '' : strings.uploads.skipped(names.join(' '))
    const documentIds = documents.map(({ id }) => id)
    change(key, { state: 'received', sentBytes: file.size, documentIds, problem })
    void loadAccount().catch(() => undefined)
  } catch (error) {
    again(key, error)
  }
  pump()
}

function again(key: number, error: unknown): void {
  const code = error instanceof ApiError ? error.code : ''
  if (code === 'unreachable' || tokenNeed.value !== 'none') change(key, { state: 'waiting' })
  else if (error instanceof ApiError && passing.has(code)) {
    change(key, { state: 'refused', problem: strings.problem.busy })
    const seconds = error.retryAfterS ?? retryAfterSDefault
    setTimeout(() => {
      const now = uploads.value.find((upload) => upload.key === key)
      if (now?.problem === strings.problem.busy) retryUpload(key)
    }, seconds * 1000)
  } else change(key, { state: 'refused', problem: messageOf(error) })
}

function change(key: number, to: Partial<Upload>): void {
  uploads.update((now) => now.map((upload) => (upload.key === key ? { ...upload, ...to } : upload)))
}

onServerBack(pump)
tokenNeed.subscribe(pump)
