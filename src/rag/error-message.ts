/** The words of a failing model server, found in its answer and made fit for a log. */

const quotedMax = 200
const windowCharacters = 12
/** An error is a sentence; whatever is longer holds a page or an echo. */
const messageMax = 4_000

/**
 * Finds the message in `{error: {message}}` (OpenAI, llama.cpp), `{error}` (Ollama, TEI), `{message}` (vLLM),
 * `{detail}` (FastAPI), or takes the text itself where it is not JSON.
 */
export function errorMessageOf(body: string): string {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return isMarkup(body) ? '' : body.slice(0, messageMax)
  }
  return messageIn(value).slice(0, messageMax)
}

/** The message inside a parsed answer that carries an error, or an empty string. */
export function messageIn(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || depth > 3) return ''
  const record = value as Record<string, unknown>
  const parts = [record['error'] ?? record['message'] ?? record['detail'] ?? record['msg']]
  // The type says what the words may not: `exceed_context_size_error`, `max_tokens_per_request`.
  if (typeof record['type'] === 'string') parts.push(record['type'])
  if (Array.isArray(value)) parts.push(...value.slice(0, 3))
  return parts
    .map((part) => messageIn(part, depth + 1))
    .filter((part) => part !== '')
    .join(' · ')
}

/**
 * Cuts a server's message down to one short line.
 * @param secrets what must never be repeated (the API key)
 * @param texts what was sent: a server that validates likes to echo its input, and that is a tenant's text
 * @returns an empty string when the message repeats any of those
 */
export function quotable(
  message: string,
  secrets: readonly string[],
  texts: readonly string[],
): string {
  const line = message
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, quotedMax)
  const isSecret = secrets.some((secret) => secret !== '' && line.includes(secret))
  return isSecret || texts.some((text) => echoes(line, text)) ? '' : line
}

/** A repeated stretch of twice the window holds one whole window of ours, wherever it starts. */
function echoes(line: string, text: string): boolean {
  if (text.length < windowCharacters) return text.length > 2 && line.includes(text)
  for (let at = 0; at + windowCharacters <= line.length; at += windowCharacters)
    if (text.includes(line.slice(at, at + windowCharacters))) return true
  return false
}

export function isMarkup(text: string): boolean {
  return /^\s*<(!doctype|html|head|body|\?xml)/i.test(text)
}
