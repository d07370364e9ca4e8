/** Lines of the log that can wait a moment, written many at once: a write of its own costs as much as a small read. */

const charactersMax = 16_384
const flushMs = 1_000

export class LineBuffer {
  readonly #destination: { write(text: string): unknown }
  #text = ''
  #timer: NodeJS.Timeout | undefined

  constructor(destination: { write(text: string): unknown }) {
    this.#destination = destination
  }

  /** Written within a second, or when there is enough; a process that is killed takes along what waits. */
  write(line: string): void {
    this.#text += line
    if (this.#text.length >= charactersMax) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), flushMs).unref()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const text = this.#text
    this.#text = ''
    if (text !== '') this.#destination.write(text)
  }
}
