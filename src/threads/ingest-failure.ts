/** How a reading that went wrong ends: with a reason for the reader, or with another try. */
import { Problem } from '../base/problem.ts'
import { ExtractError } from '../ingest/contract.ts'
import type { ClaimedJob, JobFailure } from '../library/jobs.ts'

/** A reader that crashed may have been unlucky once (memory of the machine); twice is the document. */
const triesMax = 2
export const retryDelayMsMin = 1_000
const retryDelayMsMax = 60_000

/** A failure of the document; undefined for a fault of the server, which is tried again. */
export function failureOf(error: unknown, { attempts }: ClaimedJob): JobFailure | undefined {
  if (error instanceof ExtractError) {
    const mayRecover = error.code === 'reader_crashed' && attempts < triesMax
    return mayRecover ? undefined : { code: error.code, detail: error.message }
  }
  if (error instanceof Problem && error.code === 'quota_exceeded')
    return { code: 'quota_exceeded', detail: error.detail }
  if (error instanceof Problem && error.code === 'internal' && attempts >= triesMax)
    return {
      code: 'reader_crashed',
      detail: 'The server failed on this document, and its log says where: tell the operator.',
    }
  if ((error as NodeJS.ErrnoException).code === 'ENOENT')
    return {
      code: 'damaged',
      detail: 'The original is missing on the server: upload the file again.',
    }
  return undefined
}

/** @param tries so far; each doubles the wait */
export function retryDelayMs(tries: number): number {
  return Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** tries)
}
