/** What `carrel doctor` found, and what to do about it. */

export interface Finding {
  /** What was looked at. */
  readonly check: string
  /** A fault keeps something from working; a warning may, one day. */
  readonly level: 'ok' | 'warning' | 'fault'
  readonly what: string
  readonly remedy: string | null
}

export const good = (check: string, what: string): Finding => ({
  check,
  level: 'ok',
  what,
  remedy: null,
})
export const fault = (check: string, what: string, remedy: string): Finding => ({
  check,
  level: 'fault',
  what,
  remedy,
})
export const warning = (check: string, what: string, remedy: string): Finding => ({
  check,
  level: 'warning',
  what,
  remedy,
})

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
