/** The data of server-sent events, from bytes that arrive cut anywhere. */

export class EventStreamParser {
  readonly #decoder = new TextDecoder()
  #held = ''
  #data: string[] = []

  /** @returns the data of each event that is complete. The caller bounds the bytes: a line may have no end. */
  push(bytes: Uint8Array): string[] {
    const lines = (this.#held + this.#decoder.decode(bytes, { stream: true })).split(
      /\r\n|\n|\r(?!$)/,
    )
    this.#held = lines.pop() ?? ''
    return lines.flatMap((line) => this.#line(line))
  }

  /** What a server left without its last line end. */
  end(): string[] {
    return [...this.#line(this.#held), ...this.#line('')]
  }

  #line(line: string): string[] {
    if (line === '') {
      const data = this.#data
      this.#data = []
      return data.length > 0 ? [data.join('\n')] : []
    }
    if (line.startsWith('data:')) this.#data.push(line.slice(line[5] === ' ' ? 6 : 5))
    return []
  }
}
