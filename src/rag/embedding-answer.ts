/** Reads an OpenAI-style embeddings answer and believes nothing of it: count, order, dimension, finiteness, length. */
import { dimsMax } from '../search/vectors/spaces.ts'
import { type EndpointFault, fault, isLengthMessage } from './endpoint-fault.ts'
import { messageIn } from './error-message.ts'

const normMin = 1e-12

/** `vectors` in the order of the texts, of length 1; undefined where that text's numbers are no vector. */
export type EmbeddingAnswer =
  | { readonly vectors: readonly (Float32Array | undefined)[]; readonly badVector?: EndpointFault }
  | { readonly fault: EndpointFault }

export interface Expected {
  readonly who: string
  readonly count: number
  /** Undefined before the first measurement. */
  readonly dimensions: number | undefined
}

/** @param value the parsed JSON of a 2xx answer */
export function readEmbeddingAnswer(value: unknown, expected: Expected): EmbeddingAnswer {
  const { who, count } = expected
  const data = (value as { data?: unknown } | null)?.data
  if (!Array.isArray(data)) return { fault: faultOfShape(value, who) }
  if (data.length !== count)
    return bad(`${who} answered ${data.length} vectors for ${count} texts.`)
  const ordered = inOrder(data)
  if (!ordered)
    return bad(`${who} numbered its vectors wrongly: not each of 0 to ${count - 1} once.`)
  if (ordered.some((item) => typeof item === 'string'))
    return bad(
      `${who} sends base64 where plain numbers were asked for (encoding_format: float): switch that off in the server or gateway.`,
    )
  const first = ordered.find((item) => Array.isArray(item) && item.length > 0)
  const dimensions = expected.dimensions ?? (first as unknown[] | undefined)?.length ?? 0
  if (dimensions > dimsMax)
    return bad(`${who} answered ${dimensions} dimensions; at most ${dimsMax} are taken.`)
  return convert(ordered, dimensions, who)
}

function convert(items: readonly unknown[], dimensions: number, who: string): EmbeddingAnswer {
  const vectors: (Float32Array | undefined)[] = []
  let spoilt = 0
  for (const item of items) {
    const length = Array.isArray(item) ? item.length : 0
    if (length > 0 && length !== dimensions)
      return bad(
        `${who} answered ${length} dimensions where ${dimensions} were expected: is another model behind it?`,
      )
    const vector = length > 0 ? unitVector(item as readonly unknown[]) : undefined
    if (!vector) spoilt++
    vectors.push(vector)
  }
  if (spoilt === 0) return { vectors }
  const sentence = `${who} answered ${spoilt} of ${items.length} vectors with numbers that are missing, not finite or all zero.`
  return { vectors, badVector: fault('bad_answer', sentence, true) }
}

/** By `index` where the items have one; the order is the endpoint's business, and some use it. */
function inOrder(data: readonly unknown[]): unknown[] | undefined {
  const items = data as readonly ({ index?: unknown; embedding?: unknown } | null)[]
  if (items.every((item) => item?.index === undefined)) return items.map((item) => item?.embedding)
  const ordered: unknown[] = new Array(items.length)
  const seen = new Set<unknown>()
  for (const item of items) {
    const index = item?.index
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= items.length)
      return undefined
    seen.add(index)
    ordered[index as number] = item?.embedding
  }
  return seen.size === items.length ? ordered : undefined
}

/** Scaled to length 1, or undefined when it has no direction. The sum is taken in double precision. */
function unitVector(numbers: readonly unknown[]): Float32Array | undefined {
  const vector = new Float32Array(numbers.length)
  let sum = 0
  for (const [at, value] of numbers.entries()) {
    if (typeof value !== 'number') return undefined
    sum += value * value
    vector[at] = value
  }
  const norm = Math.sqrt(sum)
  if (!(norm > normMin) || !Number.isFinite(norm)) return undefined
  for (const [at, value] of numbers.entries()) vector[at] = (value as number) / norm
  return vector
}

/** Some gateways answer 200 and put the error inside. */
function faultOfShape(value: unknown, who: string): EndpointFault {
  const message = messageIn((value as { error?: unknown } | null)?.error)
  if (message && isLengthMessage(message))
    return fault('too_long', `${who} says that the input is too long.`, true)
  if (message) return fault('bad_answer', `${who} answered 200 with an error inside.`)
  return fault('bad_answer', `${who} answered JSON without \`data\`: is it an embeddings route?`)
}

function bad(sentence: string): EmbeddingAnswer {
  return { fault: fault('bad_answer', sentence) }
}
