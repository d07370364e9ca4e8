/** `carrel mcp`: the library of a running server for a program on this machine that speaks MCP over standard input and output. */
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { Problem, type ProblemData } from './base/problem.ts'
import type { ClientSettings } from './client-settings.ts'
import { createMcpServer, type LibraryReader } from './http/mcp-tools.ts'
import { version } from './version.ts'

/** The slowest search of a large library, with a reranker behind it. */
const answerMs = 60_000

/** Serves until standard input ends. @returns the exit code */
export async function runMcp(settings: ClientSettings): Promise<number> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  process.stdin.once('end', end).once('close', end)
  const onFault = ({ cause, detail }: Problem): void =>
    void process.stderr.write(`carrel: ${cause instanceof Error ? cause.message : detail}\n`)
  const library = remoteLibrary(settings)
  const serving = serveStdio(() => createMcpServer(library, version, onFault), {
    maxSubscriptions: 0,
  })
  await ended
  await serving.close()
  return 0
}

/** The library by the routes of its server; what they answer was checked there. */
function remoteLibrary(settings: ClientSettings): LibraryReader {
  const ask = <T>(path: string, signal: AbortSignal, body?: unknown): Promise<T> =>
    request(settings, path, signal, body) as Promise<T>
  const of = (id: string): string => `/v1/documents/${encodeURIComponent(id)}`
  return {
    search: (body, signal) => ask('/v1/search', signal, body),
    page: (id, page, signal) => ask(`${of(id)}/pages/${page}`, signal),
    documents: ({ limit, cursor = '' }, signal) =>
      ask(
        `/v1/documents?limit=${limit}${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
        signal,
      ),
    document: (id, signal) => ask(of(id), signal),
  }
}

/** @throws Problem what the server says, or that it says nothing */
async function request(
  { url, key }: ClientSettings,
  path: string,
  caller: AbortSignal,
  body?: unknown,
): Promise<unknown> {
  let response: Response
  let answer: unknown
  try {
    response = await fetch(url + path, {
      method: body === undefined ? 'GET' : 'POST',
      // A key is for the server that was named.
      redirect: 'error',
      signal: AbortSignal.any([caller, AbortSignal.timeout(answerMs)]),
      headers: {
        ...(key && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    answer = await response.json()
  } catch (error) {
    throw new Problem(
      'fetch_failed',
      `There is no answer from Carrel at ${url} (${reasonOf(error)}): start it with \`carrel serve\`, or set CARREL_URL to where it runs.`,
      { cause: error },
    )
  }
  if (response.ok) return answer
  const problem = answer as Partial<ProblemData>
  throw new Problem(
    problem.code ?? 'fetch_failed',
    problem.code === 'unauthorized'
      ? `${problem.detail} Set CARREL_KEY to an API key with the scope \`read\`.`
      : (problem.detail ?? `Carrel at ${url} answered ${response.status}.`),
    { errors: problem.errors },
  )
}

function reasonOf(error: unknown): string {
  const { cause, name, message } = error as Error & { cause?: { code?: string } }
  return cause?.code ?? (name === 'TimeoutError' ? 'it took too long' : message)
}
