/** One MCP message over HTTP, answered at once: no session, no stream, nothing kept between two of them. */
import {
  createMcpHandler,
  isLegacyRequest,
  type McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import type { Request as ExpressRequest } from 'express'

/** Of the connection, not of the message. */
const hops = new Set(['connection', 'content-length', 'transfer-encoding', 'keep-alive', 'host'])

/**
 * @param body the message, parsed
 * @param make gives the server that answers it
 * @returns the answer; its body, if any, is JSON
 */
export async function answerMcp(
  request: ExpressRequest,
  body: unknown,
  make: () => McpServer,
  signal: AbortSignal,
): Promise<Response> {
  const asked = new Request('http://carrel/mcp', {
    method: 'POST',
    headers: headersOf(request),
    signal,
  })
  const parsedBody = { parsedBody: body }
  // Two generations of the protocol: one begins with a handshake, in the other every message stands alone.
  if (await isLegacyRequest(asked, body)) return answerLegacy(asked, body, make)
  // Our tools never change: a subscription would hold a connection open for nothing.
  const handler = createMcpHandler(make, { legacy: 'reject', maxSubscriptions: 0 })
  try {
    return await handler.fetch(asked, parsedBody)
  } finally {
    await handler.close()
  }
}

async function answerLegacy(
  asked: Request,
  parsedBody: unknown,
  make: () => McpServer,
): Promise<Response> {
  const server = make()
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true })
  // Nobody is left to answer: without this the transport would wait for an answer that never comes.
  const gone = Promise.withResolvers<Response>()
  const onAbort = (): void => gone.resolve(new Response(null, { status: 499 }))
  asked.signal.addEventListener('abort', onAbort)
  try {
    await server.connect(transport)
    return await Promise.race([transport.handleRequest(asked, { parsedBody }), gone.promise])
  } finally {
    asked.signal.removeEventListener('abort', onAbort)
    await server.close()
  }
}

function headersOf({ headers }: ExpressRequest): Headers {
  const copied = new Headers()
  for (const [name, value] of Object.entries(headers))
    if (typeof value === 'string' && !hops.has(name)) copied.set(name, value)
  // We answer with JSON alone, so it is enough when a client takes that.
  copied.set('accept', 'application/json, text/event-stream')
  return copied
}
