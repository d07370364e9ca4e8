/** Entry of the control thread: the only holder of control.db, so that no fsync runs on the main thread. */
import { parentPort, workerData } from 'node:worker_threads'
import { isDiskFailing, machineProblem } from '../base/machine-fault.ts'
import type { ProblemData } from '../base/problem.ts'
import { openDb } from '../base/sqlite.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { type Allowance, readAllowances } from './allowances.ts'
import { type ApiKey, readApiKeys } from './api-keys.ts'
import { readChatKeys } from './chat-keys.ts'
import { answerQuestion, type Question, type QuestionAnswer } from './control-queries.ts'
import { type EmbedderRecord, readEmbedders } from './embedders.ts'
import { type FleetContents, readFleet } from './fleet-records.ts'
import { RequestLog } from './request-log.ts'
import { type Revocation, readRevocations } from './revocations.ts'
import { controlApplicationId, controlMigrations } from './schema.ts'
import { readSignInLinks, type SignInLink } from './sign-in-links.ts'
import { type Deletion, readDeletions, readStates, type TenantState } from './tenant-states.ts'
import {
  applyChanges,
  type ControlChange,
  readTenantsInParts,
  type TenantRecord,
} from './tenants.ts'
import { chatTokensOf } from './usage.ts'
import { readWebhooks, type Webhook } from './webhooks.ts'

export interface ControlWorkerData {
  readonly path: string
  /** Where the request log is, and for how many months; without it there is none. */
  readonly requests?: { readonly directory: string; readonly months: number } | undefined
}

/** All that control.db knows, for the main thread to keep. */
export interface ControlContents {
  readonly tenants: readonly TenantRecord[]
  readonly states: readonly [TenantId, TenantState][]
  readonly deletions: readonly Deletion[]
  readonly embedders: readonly EmbedderRecord[]
  readonly keys: readonly ApiKey[]
  readonly revocations: readonly Revocation[]
  readonly allowances: readonly (readonly [TenantId, Allowance])[]
  readonly webhooks: readonly Webhook[]
  readonly fleet: FleetContents
  readonly links: readonly SignInLink[]
  readonly chatKeys: ReturnType<typeof readChatKeys>
  /** What was counted on the present day before. */
  readonly chatTokens: ReturnType<typeof chatTokensOf>
}

/** What the thread says first: the tenants, so many at a time, then all the rest at once. */
export type FirstOfControl = Pick<ControlContents, 'tenants'> | Omit<ControlContents, 'tenants'>

/** To the thread: a batch of changes, a copy of the whole file to be made, or the end. */
export type ToControl =
  | { readonly batch: number; readonly changes: readonly ControlChange[] }
  | { readonly batch: number; readonly copyTo: string }
  | Question
  | { readonly batch: number; readonly lines: string }
  | 'close'
/** The batch is durable, or could not be written. */
export interface Committed {
  readonly batch: number
  readonly error?: string
  readonly problem?: ProblemData
}
export type FromControl = Committed | QuestionAnswer

const port = parentPort
if (!port) throw new Error('control-worker.ts runs as a thread')

const { path, requests: log } = workerData as ControlWorkerData
const requests = log && new RequestLog(log.directory, log.months)
const db = openDb(path, {
  mode: 'open-or-create',
  synchronous: 'FULL',
  applicationId: controlApplicationId,
  migrations: controlMigrations,
})
// Who was deleted must not be readable in free pages.
db.set('secure_delete = ON')
for (const tenants of readTenantsInParts(db)) port.postMessage({ tenants } satisfies FirstOfControl)
port.postMessage({
  states: readStates(db),
  deletions: readDeletions(db),
  embedders: readEmbedders(db),
  keys: readApiKeys(db),
  revocations: readRevocations(db),
  allowances: readAllowances(db),
  webhooks: readWebhooks(db),
  fleet: readFleet(db),
  links: readSignInLinks(db),
  chatKeys: readChatKeys(db),
  chatTokens: chatTokensOf(db, new Date().toISOString().slice(0, 10)),
} satisfies FirstOfControl)
port.on('message', (message: ToControl) => {
  if (message === 'close') {
    requests?.close()
    db.checkpoint()
    db.close()
    port.close()
    return
  }
  if ('ask' in message) {
    port.postMessage(answerQuestion(db, message, requests))
    return
  }
  port.postMessage(answer(message.batch, () => work(message)))
})

function work(message: Exclude<ToControl, Question | 'close'>): void {
  if ('changes' in message) write(message.changes)
  else if ('copyTo' in message) db.copyInto(message.copyTo)
  else requests?.append(message.lines)
}

/** A sync failed: what stands in the log is written to the file, and synced there, before anything is added to it. */
let isDistrusted = false

function write(changes: readonly ControlChange[]): void {
  if (isDistrusted) db.checkpoint()
  isDistrusted = false
  const gone = changes.flatMap((change) =>
    change.kind === 'all'
      ? change.changes.flatMap((one) => (one.kind === 'tenant_removed' ? [one.id] : []))
      : [],
  )
  // First: what fails now is tried again, as long as the tenant's row is there.
  for (const tenant of gone) requests?.erase(tenant)
  applyChanges(db, changes)
  // Nor in the log; there, too, stands what was in the clear, or under a key that is given up.
  const isResealed = changes.some(({ kind }) => kind === 'resealed')
  if (gone.length > 0 || isResealed) db.checkpoint()
}

function answer(batch: number, work: () => void): Committed {
  try {
    work()
    return { batch }
  } catch (error) {
    isDistrusted ||= isDiskFailing(error)
    const problem = machineProblem(error)?.toData()
    const said = error instanceof Error ? error.message : String(error)
    return { batch, error: said, ...(problem && { problem }) }
  }
}
