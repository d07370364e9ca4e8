/** Reads a stream of server-sent events, as a browser's EventSource does. */

export interface ServerEvent {
  readonly event: string
  readonly id: string
  readonly data: string
}

/** @param body of an answer of type `text/event-stream`; ends when the stream does */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder()
  let text = ''
  let id = ''
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = new Map(text.slice(0, end).split('\n').map(fieldOf))
      text = text.slice(end + 2)
      id = fields.get('id') ?? id
      const data = fields.get('data')
      if (data !== undefined) yield { event: fields.get('event') ?? 'message', id, data }
    }
  }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon), line.slice(colon + 1).trim()]
}
