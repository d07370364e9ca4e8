/** Text recognition of one document's pages, each kept as soon as it is known: a crash costs one page. */
import type { ClaimedJob } from '../library/jobs.ts'
import type { PageOcr } from './extractor-run.ts'
import type { OcrProgram } from './ocr-program.ts'
import type { Operations } from './operations.ts'

export interface KeepingOcrOptions {
  readonly ocr: OcrProgram
  readonly job: ClaimedJob
  readonly signal: AbortSignal
  readonly call: <Name extends 'ingest.recognised' | 'ingest.keepRecognised'>(
    operation: Name,
    args: Operations[Name]['args'],
  ) => Promise<Operations[Name]['result']>
  /** Stands aside for other documents, where it is their turn. */
  readonly pass: () => Promise<void>
}

export function keepingOcr({ ocr, job, signal, call, pass }: KeepingOcrOptions): PageOcr {
  return {
    known: (page) => call('ingest.recognised', { job, page }),
    recognise: async (page, png) => {
      await pass()
      const text = await ocr.recognise(png, signal)
      if (text !== null) await call('ingest.keepRecognised', { job, page, text })
      return text
    },
  }
}
