/** The thread of control.db, from the main thread: changes go out in group commits, questions one by one. */
import { on, once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Problem } from '../base/problem.ts'
import type { QueryArgs, QueryName, QueryResult } from './control-queries.ts'
import { ControlQuestions } from './control-questions.ts'
import type {
  Committed,
  ControlContents,
  ControlWorkerData,
  FirstOfControl,
  FromControl,
  ToControl,
} from './control-worker.ts'
import type { ControlChange, TenantRecord } from './tenants.ts'

/** More than this waiting means that the disk does not follow: say so instead of growing. */
const changesWaitingMax = 10_000

/** Its garbage is short-lived, as a shard's is. */
const youngMibMax = 8

/** Most tenants are called as their users are; what came from another thread came twice. */
function withOneName(record: TenantRecord): TenantRecord {
  return record.userId === record.id ? { ...record, userId: record.id } : record
}

interface Waiting {
  readonly change:
    | ControlChange
    | { readonly kind: 'copy'; readonly to: string }
    | { readonly kind: 'lines'; readonly lines: string }
  readonly resolve: () => void
  readonly reject: (problem: Problem) => void
}

export class ControlWriter {
  readonly #worker: Worker
  readonly #questions: ControlQuestions
  #waiting: Waiting[] = []
  #committing: Waiting[] | undefined
  #batch = 0
  #dead: Problem | undefined
  #onDrained: (() => void) | undefined

  private constructor(worker: Worker) {
    this.#worker = worker
    this.#questions = new ControlQuestions(worker)
    worker.on('message', (message: FromControl) =>
      'ask' in message ? this.#questions.answered(message) : this.#committed(message),
    )
    worker.on('error', (error) => this.#die(error))
  }

  /** Starts the thread, opens and migrates control.db and reads it. @throws when it cannot be opened */
  static async open(
    workerData: ControlWorkerData,
  ): Promise<{ writer: ControlWriter; contents: ControlContents }> {
    const worker = new Worker(new URL('./control-worker.ts', import.meta.url), {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: youngMibMax },
    })
    const tenants: TenantRecord[] = []
    for await (const [first] of on(worker, 'message') as AsyncIterable<[FirstOfControl]>) {
      if ('states' in first)
        return { writer: new ControlWriter(worker), contents: { tenants, ...first } }
      for (const record of first.tenants) tenants.push(withOneName(record))
    }
    throw new Error('the thread of control.db ended')
  }

  /** Why nothing can be written any more, or undefined. */
  get fault(): string | undefined {
    return this.#dead?.detail
  }

  /** Resolves once durable. @throws Problem `overloaded`, `disk_full`, `shutting_down` */
  change(change: Waiting['change']): Promise<void> {
    if (this.#dead) return Promise.reject(this.#dead)
    if (this.#waiting.length >= changesWaitingMax)
      return Promise.reject(
        new Problem('overloaded', 'The server’s own records cannot be written fast enough.', {
          retryAfterS: 2,
        }),
      )
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, resolve, reject })
      if (!this.#committing) this.#send()
    })
  }

  /** Sees every change that was durable when it was asked. @throws Problem */
  async ask<Name extends QueryName>(name: Name, args: QueryArgs<Name>): Promise<QueryResult<Name>> {
    if (this.#dead) throw this.#dead
    return this.#questions.ask(name, args)
  }

  /** Writes what waits, folds the log and ends the thread. */
  async close(): Promise<void> {
    if (this.#committing && !this.#dead)
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve
      })
    if (this.#dead) return
    const exited = once(this.#worker, 'exit')
    this.#worker.postMessage('close' satisfies ToControl)
    await exited
  }

  #send(): void {
    const batch = ++this.#batch
    const first = this.#waiting[0]?.change
    // These stand alone, between the changes before them and those after.
    if (first?.kind === 'copy' || first?.kind === 'lines') {
      this.#committing = this.#waiting.splice(0, 1)
      const message =
        first.kind === 'copy' ? { batch, copyTo: first.to } : { batch, lines: first.lines }
      this.#worker.postMessage(message satisfies ToControl)
      return
    }
    const aloneAt = this.#waiting.findIndex(
      ({ change }) => change.kind === 'copy' || change.kind === 'lines',
    )
    this.#committing = this.#waiting.splice(0, aloneAt < 0 ? this.#waiting.length : aloneAt)
    const changes = this.#committing.flatMap(({ change }) =>
      change.kind === 'copy' || change.kind === 'lines' ? [] : [change],
    )
    this.#worker.postMessage({ batch, changes } satisfies ToControl)
  }

  #committed({ error, problem: data }: Committed): void {
    const done = this.#committing ?? []
    this.#committing = undefined
    const problem =
      error === undefined
        ? undefined
        : new Problem(
            data?.code ?? 'disk_failed',
            `The server’s own records could not be written. ${data?.detail ?? 'Tell the operator.'}`,
            { cause: error },
          )
    for (const { resolve, reject } of done) problem ? reject(problem) : resolve()
    if (this.#waiting.length > 0) this.#send()
    else this.#onDrained?.()
  }

  #die(error: unknown): void {
    this.#dead = new Problem('shutting_down', 'The server’s own records are out of reach.', {
      cause: error,
    })
    for (const { reject } of [...(this.#committing ?? []), ...this.#waiting]) reject(this.#dead)
    this.#committing = undefined
    this.#waiting = []
    this.#questions.fail(this.#dead)
    this.#onDrained?.()
  }
}
