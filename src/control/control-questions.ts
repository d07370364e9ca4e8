/** Questions to control.db under way, on the main thread. */
import type { Worker } from 'node:worker_threads'
import { Problem } from '../base/problem.ts'
import type {
  QueryArgs,
  QueryName,
  QueryResult,
  Question,
  QuestionAnswer,
} from './control-queries.ts'

/** Each holds its rows in memory: more at once than this are turned away. */
const askingMax = 64

interface Asking {
  readonly resolve: (result: never) => void
  readonly reject: (problem: Problem) => void
}

export class ControlQuestions {
  readonly #worker: Pick<Worker, 'postMessage'>
  readonly #asking = new Map<number, Asking>()
  #last = 0

  constructor(worker: Pick<Worker, 'postMessage'>) {
    this.#worker = worker
  }

  /** @throws Problem `overloaded`, `internal` */
  ask<Name extends QueryName>(name: Name, args: QueryArgs<Name>): Promise<QueryResult<Name>> {
    if (this.#asking.size >= askingMax)
      throw new Problem('overloaded', 'The server’s own records are busy: try again.', {
        retryAfterS: 1,
      })
    const ask = ++this.#last
    return new Promise((resolve, reject) => {
      this.#asking.set(ask, { resolve, reject })
      this.#worker.postMessage({ ask, name, args } satisfies Question)
    })
  }

  answered({ ask, result, error }: QuestionAnswer): void {
    const asking = this.#asking.get(ask)
    this.#asking.delete(ask)
    if (error === undefined) asking?.resolve(result as never)
    else
      asking?.reject(
        new Problem('internal', 'The server’s own records could not be read.', { cause: error }),
      )
  }

  /** No answer comes any more. */
  fail(problem: Problem): void {
    for (const { reject } of this.#asking.values()) reject(problem)
    this.#asking.clear()
  }
}
