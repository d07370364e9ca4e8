/** The API's own description, taken apart for people: each operation with its fields as lines, and how to call it. */

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Schema
  readonly description?: string
  readonly format?: string
  readonly default?: unknown
}

interface Content {
  readonly description?: string
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
}

interface Described {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly tags: readonly string[]
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly description?: string
    readonly schema: Schema
  }[]
  readonly requestBody?: Content
  readonly responses: Readonly<Record<string, Content>>
}

export interface ApiDescription {
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

/** One line of a body, an answer or the parameters. */
export interface Field {
  readonly name: string
  readonly type: string
  readonly isRequired: boolean
  readonly description: string
  /** How deep it lies, from 0. */
  readonly depth: number
}

export interface Operation {
  readonly id: string
  readonly tag: string
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly needs: string
  readonly parameters: readonly Field[]
  readonly body: { readonly mediaType: string; readonly fields: readonly Field[] } | undefined
  readonly answers: readonly {
    readonly status: string
    readonly description: string
    readonly fields: readonly Field[]
  }[]
  readonly curl: string
}

const depthMax = 6

/** @param origin such as `https://carrel.example`, for the examples */
export function operationsOf({ paths, components }: ApiDescription, origin: string): Operation[] {
  const fieldsOf = (schema: Schema | undefined): Field[] =>
    schema ? schemaFields(schema, components.schemas, 0) : []
  return Object.entries(paths).flatMap(([path, there]) =>
    Object.entries(there).map(([method, described]) => {
      const [[mediaType, body] = []] = Object.entries(described.requestBody?.content ?? {})
      return {
        id: described.operationId,
        tag: described.tags[0] ?? '',
        method: method.toUpperCase(),
        path,
        summary: described.summary,
        needs: described.description ?? '',
        parameters: (described.parameters ?? []).map(({ name, required, description, schema }) => ({
          name,
          type: typeName(schema),
          isRequired: required,
          description: description ?? '',
          depth: 0,
        })),
        body: mediaType === undefined ? undefined : { mediaType, fields: fieldsOf(body?.schema) },
        answers: Object.entries(described.responses).map(([status, answer]) => ({
          status,
          description: answer.description ?? '',
          // Of what goes wrong the code says enough.
          fields: status < '300' ? fieldsOf(answer.content?.['application/json']?.schema) : [],
        })),
        curl: curlOf(origin, method.toUpperCase(), path, mediaType, body?.schema),
      }
    }),
  )
}

/** By tag, in the order of the first of each. */
export function byTag(operations: readonly Operation[]): [tag: string, there: Operation[]][] {
  return [...Map.groupBy(operations, ({ tag }) => tag)]
}

/** @param filter words that path, summary or method have to contain */
export function shownOperations(operations: readonly Operation[], filter: string): Operation[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean)
  return operations.filter(({ method, path, summary }) => {
    const text = `${method} ${path}\n${summary}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

function schemaFields(
  schema: Schema,
  named: Readonly<Record<string, Schema>>,
  depth: number,
): Field[] {
  if (depth > depthMax) return []
  const inner = innerOf(schema, named)
  const { properties = {}, required = [] } = inner
  return Object.entries(properties).flatMap(([name, property]) => [
    {
      name,
      type: typeName(property),
      isRequired: required.includes(name),
      description: property.description ?? '',
      depth,
    },
    ...schemaFields(property, named, depth + 1),
  ])
}

/** What has the properties: of a list its items, of a choice the first that has any. */
function innerOf(schema: Schema, named: Readonly<Record<string, Schema>>): Schema {
  if (schema.$ref !== undefined) return named[schema.$ref.split('/').at(-1) ?? ''] ?? {}
  if (schema.items) return innerOf(schema.items, named)
  for (const one of schema.anyOf ?? schema.oneOf ?? []) {
    const inner = innerOf(one, named)
    if (inner.properties) return inner
  }
  return schema
}

function typeName(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? ''
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' | ')
  const either = schema.anyOf ?? schema.oneOf
  if (either) return [...new Set(either.map(typeName))].join(' | ')
  if (schema.items) return `${typeName(schema.items)}[]`
  const type = Array.isArray(schema.type) ? schema.type.join(' | ') : (schema.type ?? 'any')
  return schema.format === undefined ? String(type) : `${String(type)} (${schema.format})`
}

function curlOf(
  origin: string,
  method: string,
  path: string,
  mediaType: string | undefined,
  body: Schema | undefined,
): string {
  const lines = [`curl${method === 'GET' ? '' : ` -X ${method}`} '${origin}${path}'`]
  lines.push("  -H 'Authorization: Bearer '$TOKEN")
  if (mediaType === 'application/json') {
    const { properties = {}, required = [] } = body ?? {}
    const example = required.map((name) => [name, exampleOf(properties[name] ?? {})])
    lines.push(`  -H 'Content-Type: ${mediaType}'`)
    lines.push(`  -d '${JSON.stringify(Object.fromEntries(example))}'`)
  } else if (mediaType === 'multipart/form-data') lines.push('  -F file=@book.pdf')
  else if (mediaType !== undefined) {
    lines.push(`  -H 'Content-Type: ${mediaType}'`)
    lines.push('  --data-binary @file')
  }
  return lines.join(' \\\n')
}

function exampleOf(schema: Schema): unknown {
  if (schema.default !== undefined) return schema.default
  if ('const' in schema) return schema.const
  if (schema.enum) return schema.enum[0]
  const [type] = [schema.type].flat()
  if (type === 'integer' || type === 'number') return 1
  if (type === 'boolean') return true
  if (type === 'array') return []
  return type === 'object' ? {} : '…'
}
