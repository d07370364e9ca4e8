/** What crosses to the thread that copies, and back. */
import type { ProblemData } from '../base/problem.ts'
import type { RestoreJob } from '../tenancy/restore.ts'
import type { SnapshotJob } from '../tenancy/snapshot.ts'

interface VerifyJob {
  readonly directory: string
}

export type CopyJob =
  | ({ readonly kind: 'snapshot' } & SnapshotJob)
  | ({ readonly kind: 'verify' } & VerifyJob)
  | ({ readonly kind: 'restore' } & RestoreJob)

export type FromCopy =
  | { readonly kind: 'progress'; readonly done: number }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'problem'; readonly problem: ProblemData }
