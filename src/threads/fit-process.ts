/** A fit's process seen from the server: one library, one question at a time, ended after the answer. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { PassageToEmbed } from '../library/passages.ts'
import type { LsaModel } from '../search/embed/lsa.ts'
import type { FromFit, ToFit } from './fit-worker.ts'

/** A hundred thousand passages need about half of it. */
const heapMibMax = 1_024

export interface Fit {
  readonly fingerprint: string
  readonly model: LsaModel
}

/** A process, not a thread: its memory is not the server's, and a search does not wait for it on a machine with few cores. */
export class FitProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #signal: AbortSignal

  /** @param signal ends whatever is being waited for */
  constructor(signal: AbortSignal) {
    this.#signal = signal
    this.#child = fork(fileURLToPath(new URL('./fit-worker.ts', import.meta.url)), {
      env: {},
      execArgv: [`--max-old-space-size=${heapMibMax}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    // Whoever waits hears of an error; between two questions there is nobody, and the next one hears of the end.
    this.#child.on('error', () => undefined)
    this.#child.once('spawn', () => lowerPriority(this.#child))
  }

  /** @throws Error when the process ended, or AbortError */
  async add(passages: readonly PassageToEmbed[]): Promise<void> {
    await this.#ask(passages)
  }

  /** What was learnt from all that was added. @throws as `add` */
  async fit(): Promise<Fit> {
    const answer = await this.#ask('fit')
    if (answer === 'taken') throw new Error('the fit gave no answer')
    return answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async #ask(message: ToFit): Promise<FromFit> {
    if (this.#hasEnded) throw new Error('the process of the fit ended')
    const over = new AbortController()
    const signal = AbortSignal.any([this.#signal, over.signal])
    try {
      const ended = once(this.#child, 'exit', { signal }).then(() => {
        throw new Error('the process of the fit ended')
      })
      const answer = once(this.#child, 'message', { signal })
      this.#child.send(message)
      const [given] = (await Promise.race([answer, ended])) as [FromFit]
      return given
    } finally {
      over.abort()
    }
  }
}

/** Learning waits for people. Where it may not be lowered, it is learnt all the same. */
function lowerPriority({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // A container may forbid it.
  }
}
