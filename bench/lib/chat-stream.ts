/** One streamed answer of Carrel's chat, read as a client reads it. */

/**
 * Asks and reads until an event, or to the end.
 * @param onEvent told the name of each event as it comes
 * @throws Error when it is refused, or the signal's reason
 */
export async function askUntil(
  url: string,
  token: string,
  message: string,
  until: string,
  onEvent: (event: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const response = await fetch(`${url}/v1/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ message, stream: true }),
    ...(signal && { signal }),
  })
  if (!response.ok) throw new Error(`chat: ${response.status} ${await response.text()}`)
  let held = ''
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    held += piece
    const lines = held.split('\n')
    held = lines.pop() ?? ''
    for (const line of lines) {
      if (!line.startsWith('event: ')) continue
      const event = line.slice('event: '.length)
      onEvent(event)
      if (event === until) return
    }
  }
}
