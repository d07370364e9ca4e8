/** Entry of a process that builds one library from an archive: long, with memory of its own, and gone after it. */
import { Problem, type ProblemData } from '../base/problem.ts'
import { buildImport, type ImportJob, type ImportResult } from './import-build.ts'

export type FromImport =
  | { readonly kind: 'progress'; readonly done: number }
  | { readonly kind: 'done'; readonly result: ImportResult }
  | { readonly kind: 'problem'; readonly problem: ProblemData }
  | { readonly kind: 'fault'; readonly stack: string }

const progressEveryMs = 200
let toldAtMs = 0

process.once('message', async (job: ImportJob) => {
  tell(await end(job))
  process.disconnect()
})
// Nobody waits any more: what is half built is removed at the next start.
process.on('disconnect', () => process.exit())

async function end(job: ImportJob): Promise<FromImport> {
  try {
    return { kind: 'done', result: await buildImport(job, progress) }
  } catch (error) {
    if (error instanceof Problem) return { kind: 'problem', problem: error.toData() }
    return { kind: 'fault', stack: error instanceof Error ? String(error.stack) : String(error) }
  }
}

function progress(done: number): void {
  if (performance.now() - toldAtMs < progressEveryMs) return
  toldAtMs = performance.now()
  tell({ kind: 'progress', done })
}

function tell(message: FromImport): void {
  process.send?.(message)
}
