/** Requests at random from a route's own description: parameters, bodies and files that fit it. */

interface Schema {
  readonly type?: string | string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly minimum?: number
  readonly maximum?: number
}

export interface Described {
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: Schema }[]
  readonly requestBody?: { content: Readonly<Record<string, { schema: Schema }>> }
}

export interface Target {
  readonly method: string
  readonly path: string
  readonly described: Described
}

export interface Made {
  readonly method: string
  readonly url: string
  readonly id: string
  readonly body?: unknown
  /** Sent as multipart. */
  readonly file?: string
}

function fileOf(word: string, random: () => number): string {
  return `# Of ${word}\n\nThe ${word} keeps letters, the ${Math.floor(random() * 1e9)}th.\n`
}

export function makeRequest(
  { method, path, described }: Target,
  ids: readonly string[],
  word: string,
  random: () => number,
): Made {
  const id = pick(ids, random)
  let url = path.replaceAll('{id}', id)
  for (const [, name = ''] of path.matchAll(/\{(\w+)\}/g))
    url = url.replaceAll(`{${name}}`, name === 'user_id' ? 'user1' : '1')
  const query = (described.parameters ?? [])
    .filter((parameter) => parameter.in === 'query' && (parameter.required || random() < 0.3))
    .map(
      ({ name, schema }) =>
        `${name}=${encodeURIComponent(String(sample(schema, name, word, ids, random)))}`,
    )
  if (query.length > 0) url += `?${query.join('&')}`
  const schema = described.requestBody?.content['application/json']?.schema
  return {
    method,
    url,
    id,
    ...(described.requestBody?.content['multipart/form-data'] && { file: fileOf(word, random) }),
    // One request names one document, so that it can be asked again with another.
    ...(schema && { body: sample(schema, '', word, schema.examples ? [id] : ids, random) }),
  }
}

function sample(
  schema: Schema,
  name: string,
  word: string,
  ids: readonly string[],
  random: () => number,
): unknown {
  if (schema.const !== undefined) return schema.const
  // A message whose parts belong together: a tool and what it takes.
  if (schema.examples) return filled(pick(schema.examples, random), word, ids, random)
  if (schema.enum) return pick(schema.enum, random)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return sample(pick(choices, random), name, word, ids, random)
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(([key]) => schema.required?.includes(key) || random() < 0.3)
          .map(([key, value]) => [key, sample(value, key, word, ids, random)]),
      )
    case 'array':
      return [sample(schema.items ?? {}, name, word, ids, random)]
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 0, Math.min(schema.maximum ?? 5, 5))
    case 'boolean':
      return random() < 0.5
    default:
      if (/id/.test(name)) return pick(ids, random)
      return pick([word, 'keeps letters', 'another page of notes', `"${word}"`, 'canary'], random)
  }
}

/** An example with an id and a word of this request's instead of its own. */
function filled(
  value: unknown,
  word: string,
  ids: readonly string[],
  random: () => number,
  name = '',
): unknown {
  if (name === 'document_id') return pick(ids, random)
  if (name === 'query') return sample({ type: 'string' }, name, word, ids, random)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, filled(one, word, ids, random, key)]),
  )
}

/** Whether the request can name a document: in its address, or in the message that it carries. */
export function namesDocument({ path, described }: Target): boolean {
  if (path.includes('{id}')) return true
  const examples = described.requestBody?.content['application/json']?.schema.examples
  return JSON.stringify(examples ?? []).includes('"document_id"')
}

export function pick<T>(from: readonly T[], random: () => number): T {
  return from[Math.floor(random() * from.length)] as T
}
