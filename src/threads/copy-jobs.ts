/** What crosses to a thread that copies, and back. */
import type { ProblemData } from '../base/problem.ts'
import type { MigrationJob } from '../tenancy/migrate-resting.ts'
import type { RestoreJob } from '../tenancy/restore.ts'
import type { SnapshotJob } from '../tenancy/snapshot.ts'

export type CopyJob =
  | ({ readonly kind: 'snapshot' } & SnapshotJob)
  | { readonly kind: 'verify'; readonly directory: string }
  | { readonly kind: 'take-away'; readonly from: string; readonly to: string }
  | ({ readonly kind: 'restore' } & RestoreJob)
  | ({ readonly kind: 'copy-before'; readonly hasBegun: boolean } & SnapshotJob)
  | ({ readonly kind: 'migrate' } & MigrationJob)
  | { readonly kind: 'hash'; readonly path: string }

export type FromCopy =
  | { readonly kind: 'progress'; readonly done: number }
  | { readonly kind: 'done'; readonly result: unknown }
  | { readonly kind: 'problem'; readonly problem: ProblemData }
