/** Entry of a thread that lives for one job: making, verifying or staging a copy of a tenant. Long, and in nobody's way. */
import { parentPort, workerData } from 'node:worker_threads'
import { Problem } from '../base/problem.ts'
import { stageRestore } from '../tenancy/restore.ts'
import { makeSnapshot, verifySnapshot } from '../tenancy/snapshot.ts'
import type { CopyJob, FromCopy } from './copy-jobs.ts'

const port = parentPort
if (!port) throw new Error('copy-worker.ts runs as a thread')
const post = (message: FromCopy): void => port.postMessage(message)

try {
  post({ kind: 'done', result: run(workerData as CopyJob) })
} catch (error) {
  // A plain error ends the thread and reaches the other side as it is.
  if (!(error instanceof Problem)) throw error
  post({ kind: 'problem', problem: error.toData() })
}

function run(job: CopyJob): unknown {
  switch (job.kind) {
    case 'snapshot':
      return makeSnapshot(job, (done) => post({ kind: 'progress', done }))
    case 'verify':
      return verifySnapshot(job.directory, 'all')
    case 'restore':
      return stageRestore(job)
  }
}
