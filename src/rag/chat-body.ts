/** The body of a chat endpoint's answer, within bounds: as events, or as a whole. */
import type { IncomingMessage } from 'node:http'
import type { ChatTransport } from './chat-transport.ts'
import { EventStreamParser } from './event-stream.ts'

/** Words that come faster are read and sent together: no eye sees the difference. */
const gatherMs = 40

/** More came than was asked for. */
export class TooLarge extends Error {}

async function* bounded(
  response: IncomingMessage,
  transport: ChatTransport,
  bytesMax: number,
  pauseMs = 0,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0
  for await (const piece of transport.pieces(response, pauseMs)) {
    bytes += piece.byteLength
    if (bytes > bytesMax) throw new TooLarge()
    yield piece
  }
}

/** The data of the events, those that came at once together. @throws TooLarge */
export async function* eventsOf(
  response: IncomingMessage,
  transport: ChatTransport,
  bytesMax: number,
): AsyncGenerator<string[], void, undefined> {
  const parser = new EventStreamParser()
  for await (const piece of bounded(response, transport, bytesMax, gatherMs))
    yield parser.push(piece)
  yield parser.end()
}

/** All of it as text. @throws TooLarge */
export async function readAll(
  response: IncomingMessage,
  transport: ChatTransport,
  bytesMax: number,
): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of bounded(response, transport, bytesMax)) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}
