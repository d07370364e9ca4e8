/** What went wrong, as the server says it. */
import type { components } from './schema.ts'

export type Problem = components['schemas']['Problem']

/** The message is for a person; `code` is for a program. */
export class CarrelError extends Error {
  readonly status: number
  readonly code: string
  /** When trying again may help, in seconds. */
  readonly retryAfterS: number | undefined

  constructor(status: number, code: string, message: string, retryAfterS?: number) {
    super(message)
    this.name = 'CarrelError'
    this.status = status
    this.code = code
    this.retryAfterS = retryAfterS
  }
}

/** @returns the error of an answer that is no success, whoever wrote its body */
export async function errorOf(response: Response): Promise<CarrelError> {
  const text = await response.text()
  const retryAfterS = Number(response.headers.get('Retry-After')) || undefined
  try {
    const { code, detail } = JSON.parse(text) as Problem
    return new CarrelError(response.status, code, detail, retryAfterS)
  } catch {
    return new CarrelError(response.status, `status_${response.status}`, text, retryAfterS)
  }
}
