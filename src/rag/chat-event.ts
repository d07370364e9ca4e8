/** What one event of a chat endpoint says, or a whole answer that was not streamed. */
import { messageIn } from './error-message.ts'

export interface ChatUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
}

/** What two requests cost; null where neither was counted. */
export function sumOfUsage(a: ChatUsage | null, b: ChatUsage | null): ChatUsage | null {
  if (!a || !b) return a ?? b
  return {
    prompt_tokens: a.prompt_tokens + b.prompt_tokens,
    completion_tokens: a.completion_tokens + b.completion_tokens,
  }
}

export interface ChatEvent {
  readonly text: string
  readonly usage: ChatUsage | null
  readonly isDone: boolean
  /** The answer ended because it may not be longer. */
  readonly isCut: boolean
  readonly error: string | undefined
}

/** One event of a stream, or a whole answer: they differ in `delta` and `message`. Undefined when it is not JSON. */
export function readEvent(data: string): ChatEvent | undefined {
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { choices, usage, error } = value as Record<string, unknown>
  const choice = (Array.isArray(choices) ? choices[0] : undefined) as
    | Record<string, unknown>
    | undefined
  const message = (choice?.['delta'] ?? choice?.['message']) as { content?: unknown } | undefined
  const reason = choice?.['finish_reason']
  const isError = (error !== undefined && error !== null) || !Array.isArray(choices)
  return {
    text: typeof message?.content === 'string' ? message.content : '',
    usage: readUsage(usage),
    isDone: typeof reason === 'string',
    isCut: reason === 'length',
    error: isError ? messageIn(value) : undefined,
  }
}

function readUsage(usage: unknown): ChatUsage | null {
  const { prompt_tokens, completion_tokens } = (usage ?? {}) as Record<string, unknown>
  if (!Number.isInteger(prompt_tokens) || !Number.isInteger(completion_tokens)) return null
  return { prompt_tokens: prompt_tokens as number, completion_tokens: completion_tokens as number }
}
