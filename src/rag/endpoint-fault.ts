/** What can go wrong at a model endpoint: a closed union, each with a sentence for the operator. */

export type EndpointFaultKind = EndpointFault['kind']

interface Common {
  /** What happened and what to do, for the operator: never an API key, never a tenant's text. */
  readonly sentence: string
  /** Another input, or fewer texts at once, may succeed where this one failed. */
  readonly mayBeInput: boolean
}

/** `refused`: it answered and says no; `unavailable`: nobody answered, or the server failed. */
export type EndpointFault =
  | (Common & { readonly kind: 'refused' | 'timeout' | 'too_long' | 'bad_answer' | 'unauthorized' })
  | (Common & {
      readonly kind: 'rate_limited' | 'unavailable'
      /** How long the endpoint asks to be left alone, in milliseconds, if it said so. */
      readonly retryAfterMs: number | undefined
    })

/** A wait longer than this is not believed: the endpoint is asked again after an hour. */
const retryAfterMsMax = 3_600_000

/** How model servers say that a text, or all texts together, are longer than they take. */
const lengthLike =
  /too (long|large|big|many)|exceed\w*|context.(length|size|window)|max\w*.(tokens|batch|input)|maximum (allowed|number|length|of)|(less|fewer|larger|longer|greater|more) than|reduce (the|your)|batch.size|length limit/i
/** The same words, said of money, traffic or time. */
const notLength = /quota|billing|credit|rate.?limit|per minute|concurren|time.?out|deadline/i
const lengthStatuses = new Set([400, 413, 422, 500])

/** Whether an error's words say that the input was too long, as llama.cpp, Ollama, OpenAI, vLLM and TEI put it. */
export function isLengthMessage(message: string): boolean {
  return lengthLike.test(message) && !notLength.test(message)
}

export interface ErrorAnswer {
  /** Who answered, for the sentence: `The embeddings endpoint http://…`. */
  readonly who: string
  readonly status: number
  /** The server's own words, as they came; decides between kinds. */
  readonly message: string
  /** The same, fit for a log; empty when it is not. */
  readonly quotable: string
  readonly retryAfterMs: number | undefined
}

/** The fault behind an HTTP status that is not 2xx. */
export function faultOfStatus(answer: ErrorAnswer): EndpointFault {
  const { who, status, message, retryAfterMs } = answer
  const said = answer.quotable ? ` It says: ${answer.quotable}` : ''
  if (status === 401 || status === 403)
    return fault('unauthorized', `${who} does not accept the API key (${status}): check it.${said}`)
  if (status === 429)
    return {
      kind: 'rate_limited',
      mayBeInput: false,
      retryAfterMs,
      sentence: `${who} asks for fewer requests (429).${said}`,
    }
  if (status === 413 || (lengthStatuses.has(status) && isLengthMessage(message)))
    return fault('too_long', `${who} says that the input is too long (${status}).${said}`, true)
  if (status === 404 || status === 405)
    return fault(
      'refused',
      `${who} does not know that address or model (${status}): check both.${said}`,
    )
  if (status === 408 || status === 504)
    return fault('timeout', `${who} gave up waiting for its model (${status}).${said}`, true)
  if (status >= 500)
    return {
      kind: 'unavailable',
      // 503 speaks of the server; a crash while it worked (500, 502) may be the text's doing.
      mayBeInput: status === 500 || status === 502,
      retryAfterMs,
      sentence: `${who} failed (${status}).${said}`,
    }
  return fault('refused', `${who} refused the request (${status}).${said}`, status >= 400)
}

/** A fault without a waiting time. */
export function fault(
  kind: 'refused' | 'timeout' | 'too_long' | 'bad_answer' | 'unauthorized',
  sentence: string,
  mayBeInput = false,
): EndpointFault {
  return { kind, sentence, mayBeInput }
}

export function unavailable(
  sentence: string,
  mayBeInput = false,
  retryAfterMs?: number,
): EndpointFault {
  return { kind: 'unavailable', sentence, mayBeInput, retryAfterMs }
}

/** The wait that a fault asks for, or undefined. */
export function retryAfterOf(given: EndpointFault): number | undefined {
  return 'retryAfterMs' in given ? given.retryAfterMs : undefined
}

/**
 * Reads `retry-after-ms` (OpenAI) and `Retry-After` (RFC 9110 section 10.2.3: seconds or a date).
 * @returns milliseconds from now on, at most an hour; undefined when neither is there or legible
 */
export function readRetryAfter(headers: Headers, nowMs: number): number | undefined {
  const given = headers.get('retry-after')
  const exact = headers.get('retry-after-ms')
  const ms = exact ? Number(exact) : Number(given ?? Number.NaN) * 1_000
  if (Number.isFinite(ms)) return clamp(ms)
  const atMs = given ? Date.parse(given) : Number.NaN
  return Number.isFinite(atMs) ? clamp(atMs - nowMs) : undefined
}

function clamp(ms: number): number {
  return Math.max(0, Math.min(retryAfterMsMax, ms))
}
