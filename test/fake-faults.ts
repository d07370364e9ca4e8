/** Everything that a fake model endpoint can do wrong. */
import type { ServerResponse } from 'node:http'

/** What happens to one request instead of a good answer. */
export type Fault =
  | { readonly kind: 'hang' | 'reset' | 'html' | 'half' | 'truncated' | 'gigabyte' | 'base64' }
  | { readonly kind: 'shuffled' | 'unnumbered' | 'numbered_twice' | 'error_inside' | 'no_data' }
  /** A byte now and then, for ever. */
  | { readonly kind: 'drip'; readonly everyMs: number }
  /** Begins an answer, then says nothing more. */
  | { readonly kind: 'stall' }
  | { readonly kind: 'dimension'; readonly dimensions: number }
  | { readonly kind: 'count'; readonly count: number }
  /** Spoils the vectors of the texts that match (all when not given). */
  | {
      readonly kind: 'numbers'
      readonly as: 'null' | 'nan' | 'string' | 'zero' | 'huge'
      readonly of?: RegExp
    }
  | {
      readonly kind: 'status'
      readonly status: number
      readonly body?: string
      readonly headers?: Readonly<Record<string, string>>
    }

/** How servers say that a text is too long: status and body, as those projects answer. */
export const lengthStyles = {
  llamacpp: [
    500,
    '{"error":{"code":500,"message":"input (767 tokens) is too large to process. increase the physical batch size (current batch size: 512)","type":"server_error"}}',
  ],
  llamacppContext: [
    400,
    '{"error":{"code":400,"message":"the request does not fit the available slots","type":"exceed_context_size_error","n_ctx":512}}',
  ],
  ollama: [400, '{"error":"the input length exceeds the context length"}'],
  openai: [
    400,
    '{"error":{"message":"This model\'s maximum context length is 8192 tokens, however you requested 25701 tokens.","type":"invalid_request_error","param":null,"code":null}}',
  ],
  openaiRequest: [
    400,
    '{"error":{"message":"Requested 309209 tokens, max 300000 tokens per request","type":"max_tokens_per_request","code":"max_tokens_per_request"}}',
  ],
  tei: [
    413,
    '{"error":"Input validation error: `inputs` must have less than 512 tokens. Given: 534","error_type":"Validation"}',
  ],
  teiBatch: [
    422,
    '{"error":"batch size 64 > maximum allowed batch size 32","error_type":"Validation"}',
  ],
} as const satisfies Record<string, readonly [number, string]>

export type LengthStyle = keyof typeof lengthStyles

export function spoil(vector: readonly number[], fault: Fault | undefined): readonly unknown[] {
  if (fault?.kind !== 'numbers') return vector
  const [, ...rest] = vector
  if (fault.as === 'zero') return vector.map(() => 0)
  if (fault.as === 'huge') return vector.map(() => 1e300)
  return [{ null: null, nan: 'NaN', string: '0.5' }[fault.as], ...rest]
}

export function cut(response: ServerResponse, whole: string, kind: 'half' | 'truncated'): void {
  const part = whole.slice(0, whole.length / 2)
  const length = kind === 'half' ? whole.length : part.length
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': length })
  if (kind === 'half') response.write(part, () => response.socket?.destroy())
  else response.end(part)
}

export function drip(response: ServerResponse, everyMs: number): void {
  const timer = setInterval(() => response.write(' '), everyMs)
  response.on('close', () => clearInterval(timer))
}
