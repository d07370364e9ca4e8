/** What goes with a request into the threads: its id, for the log, and, where traces are made, its span. */

export interface Trace {
  readonly requestId: string
  /** Begins the span of an operation; where no traces are made there is none. @returns to be told the outcome, `ok` or a problem's code */
  readonly begin?: ((operation: string) => (outcome: string) => void) | undefined
}
