/** Server-sent events from a stream of text (WHATWG HTML, section 9.2.6): by fetch, because EventSource sends no token. */

export interface ServerEvent {
  readonly type: string
  readonly data: string
  readonly id: string
}

/** Keeps what is not complete yet between the chunks. */
export class EventParser {
  #rest = ''
  #id = ''
  #type = ''
  #data: string[] = []

  /** @returns the events that this chunk completes */
  push(chunk: string): ServerEvent[] {
    const lines = (this.#rest + chunk).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    return lines.flatMap((line) => this.#take(line) ?? [])
  }

  #take(line: string): ServerEvent | undefined {
    if (line === '') return this.#dispatch()
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? []
    if (field === 'data') this.#data.push(value)
    else if (field === 'event') this.#type = value
    else if (field === 'id') this.#id = value
    return undefined
  }

  #dispatch(): ServerEvent | undefined {
    const event = { type: this.#type || 'message', data: this.#data.join('\n'), id: this.#id }
    const isEmpty = this.#data.length === 0
    this.#data = []
    this.#type = ''
    return isEmpty ? undefined : event
  }
}
