/** Entry of a thread that copies, verifies, stages or migrates the files of one library after another. Long, and in nobody's way. */
import { parentPort } from 'node:worker_threads'
import { Problem } from '../base/problem.ts'
import { duplicateSnapshot, hashFile } from '../tenancy/copy-files.ts'
import { copyBefore, migrateResting } from '../tenancy/migrate-resting.ts'
import { stageRestore } from '../tenancy/restore.ts'
import { makeSnapshot, verifySnapshot } from '../tenancy/snapshot.ts'
import type { CopyJob, FromCopy } from './copy-jobs.ts'

const port = parentPort
if (!port) throw new Error('copy-worker.ts runs as a thread')
const post = (message: FromCopy): void => port.postMessage(message)

port.on('message', async (job: CopyJob) => {
  try {
    post({ kind: 'done', result: await run(job) })
  } catch (error) {
    // A plain error ends the thread and reaches the other side as it is.
    if (!(error instanceof Problem)) throw error
    post({ kind: 'problem', problem: error.toData() })
  }
})

function run(job: CopyJob): unknown {
  switch (job.kind) {
    case 'snapshot':
      return makeSnapshot(job, (done) => post({ kind: 'progress', done }))
    case 'verify':
      return verifySnapshot(job.directory)
    case 'take-away':
      return duplicateSnapshot(job.from, job.to, true)
    case 'restore':
      return stageRestore(job)
    case 'copy-before':
      return copyBefore(job, job.hasBegun)
    case 'migrate':
      return migrateResting(job)
    case 'hash':
      return hashFile(job.path).sha256
  }
}
