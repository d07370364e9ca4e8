/** OpenAPI 3.1 as TypeScript: the parts of JSON Schema that our own description uses, and an error for any other. */

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
  readonly propertyNames?: Schema
  readonly contentMediaType?: string
  readonly default?: unknown
  readonly description?: string
}

interface Body {
  readonly required?: boolean
  readonly description?: string
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>
}

interface Operation {
  readonly summary: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required: boolean
    readonly schema: Schema
  }[]
  readonly requestBody?: Body
  readonly responses: Readonly<Record<string, Body>>
}

export interface Description {
  readonly info: { readonly version: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const
const head = `/** The HTTP API as types. Made from /openapi.json by \`npm run client\`: a change by hand is lost. */\n`

export function schemaFile({ paths, components }: Description): string {
  const named = Object.entries(components.schemas).map(
    ([name, schema]) => `    ${key(name)}: ${typeOf(schema, 2)}`,
  )
  const all = Object.entries(paths).map(([path, there]) => `  ${key(path)}: ${pathType(there)}`)
  return `${head}
export interface components {
  schemas: {
${named.join('\n')}
  }
}

export interface paths {
${all.join('\n')}
}
`
}

function pathType(there: Readonly<Record<string, Operation>>): string {
  const lines = methods.map((method) => {
    const operation = there[method]
    if (!operation) return `    ${method}?: never`
    return `    /** ${comment(operation.summary)} */\n    ${method}: ${operationType(operation)}`
  })
  return `{\n    parameters: { query?: never; header?: never; path?: never; cookie?: never }\n${lines.join('\n')}\n  }`
}

function operationType({ parameters = [], requestBody, responses }: Operation): string {
  const places = (['query', 'header', 'path', 'cookie'] as const).map((place) => {
    const own = parameters.filter((one) => one.in === place)
    if (own.length === 0) return `        ${place}?: never`
    const isNeeded = own.some(({ required }) => required)
    const fields = own.map(
      ({ name, required, schema }) => `${key(name)}${required ? '' : '?'}: ${typeOf(schema, 4)}`,
    )
    return `        ${place}${isNeeded ? '' : '?'}: { ${fields.join('; ')} }`
  })
  const body = requestBody
    ? `      requestBody${requestBody.required ? '' : '?'}: { content: ${contentType(requestBody, 3)} }`
    : '      requestBody?: never'
  const answers = Object.entries(responses).map(
    ([status, answer]) =>
      `        ${status}: { headers: { [name: string]: unknown }; content${answer.content ? '' : '?'}: ${answer.content ? contentType(answer, 4) : 'never'} }`,
  )
  return `{\n      parameters: {\n${places.join('\n')}\n      }\n${body}\n      responses: {\n${answers.join('\n')}\n      }\n    }`
}

/** What is no JSON and not described more closely is text or bytes. */
function contentType({ content = {} }: Body, depth: number): string {
  const kinds = Object.entries(content).map(([mediaType, { schema }]) => {
    const raw = mediaType.startsWith('text/') ? 'string' : 'Blob'
    return `${key(mediaType)}: ${schema ? typeOf(schema, depth) : raw}`
  })
  return `{ ${kinds.join('; ')} }`
}

/** @throws Error for what this does not know: better than a type that is wrong */
function typeOf(schema: Schema, depth: number): string {
  if (schema.$ref !== undefined)
    return `components['schemas'][${quoted(schema.$ref.split('/').at(-1) ?? '')}]`
  if ('const' in schema) return quoted(schema.const)
  if (schema.enum) return union(schema.enum.map(quoted))
  const either = schema.anyOf ?? schema.oneOf
  if (either) return union(either.map((one) => typeOf(one, depth)))
  if (Array.isArray(schema.type))
    return union(schema.type.map((type: string) => typeOf({ ...schema, type }, depth)))
  switch (schema.type) {
    case 'string':
      return schema.contentMediaType === 'application/octet-stream' ? 'Blob' : 'string'
    case 'integer':
    case 'number':
      return 'number'
    case 'boolean':
    case 'null':
      return schema.type
    case 'array':
      return `${parenthesised(typeOf(schema.items ?? {}, depth))}[]`
    case 'object':
      return objectType(schema, depth)
    case undefined:
      return 'unknown'
    default:
      throw new Error(`no type for ${JSON.stringify(schema)}`)
  }
}

function objectType(
  { properties = {}, required = [], additionalProperties, propertyNames }: Schema,
  depth: number,
): string {
  const names = Object.keys(properties)
  if (names.length === 0) {
    const value = typeof additionalProperties === 'object' ? additionalProperties : {}
    const isPartial = propertyNames?.enum !== undefined && required.length === 0
    const record = `Record<${propertyNames ? typeOf(propertyNames, depth) : 'string'}, ${typeOf(value, depth)}>`
    return isPartial ? `Partial<${record}>` : record
  }
  const pad = '  '.repeat(depth + 1)
  const fields = names.map((name) => {
    const property = properties[name] ?? {}
    const words = property.description ? `${pad}/** ${comment(property.description)} */\n` : ''
    const mark = required.includes(name) ? '' : '?'
    return `${words}${pad}${key(name)}${mark}: ${typeOf(property, depth + 1)}`
  })
  return `{\n${fields.join('\n')}\n${'  '.repeat(depth)}}`
}

const union = (types: readonly string[]): string => [...new Set(types)].join(' | ')
const parenthesised = (type: string): string => (type.includes(' | ') ? `(${type})` : type)
const comment = (text: string): string => text.replaceAll('*/', '* /').replaceAll(/\s+/g, ' ')
const key = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name))

function quoted(value: unknown): string {
  return typeof value === 'string'
    ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
    : JSON.stringify(value)
}
