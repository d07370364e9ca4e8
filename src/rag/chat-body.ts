/** The body of a chat endpoint's answer, within bounds: as events, or as a whole. */
import type { IncomingMessage } from 'node:http'
import type { ChatTransport } from './chat-transport.ts'
import { EventStreamParser } from './event-stream.ts'

/** More came than was asked for. */
export class TooLarge extends Error {}

async function* bounded(
  response: IncomingMessage,
  transport: ChatTransport,
  bytesMax: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0
  for await (const piece of transport.pieces(response)) {
    bytes += piece.byteLength
    if (bytes > bytesMax) throw new TooLarge()
    yield piece
  }
}

/** The data of each event. @throws TooLarge */
export async function* eventsOf(
  response: IncomingMessage,
  transport: ChatTransport,
  bytesMax: number,
): AsyncGenerator<string, void, undefined> {
  const parser = new EventStreamParser()
  for await (const piece of bounded(response, transport, bytesMax)) yield* parser.push(piece)
  yield* parser.end()
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
