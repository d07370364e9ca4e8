/** The route table as OpenAPI 3.1: made from the schemas that check what comes in, so that it cannot say anything else. */
import { z } from 'zod'
import type { ProblemCode } from '../base/problem.ts'
import { problemMediaType, problemTypes } from './problem.ts'
import type { Reply, Route } from './route.ts'
import { namedSchemas } from './wire.ts'

type Json = Record<string, unknown>

export interface OpenApiOptions {
  readonly version: string
  readonly publicUrl?: string | undefined
}

/** What every route with a login may answer, whatever it does. */
const loginProblems: readonly ProblemCode[] = ['unauthorized', 'token_expired', 'forbidden']
const serverProblems: readonly ProblemCode[] = [
  'too_many_requests',
  'internal',
  'overloaded',
  'deadline_exceeded',
]
const bodyProblems: readonly ProblemCode[] = [
  'invalid_request',
  'too_large',
  'unsupported_media_type',
]

/** @returns the description as a plain object */
export function openApi(routes: readonly Route[], { version, publicUrl }: OpenApiOptions): Json {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(namedSchemas)) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/components/schemas/${id}` })
  const schemaOf: SchemaOf = (schema, io) => inlineSchema(schema, io, registry)
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method]: describeRoute(route, schemaOf) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Carrel',
      version,
      description: 'A private, searchable library for every user.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl ?? '/' }],
    security: [{ bearer: [] }, { sessionHeader: [] }, { sessionCookie: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(schemas).map(([id, schema]) => [id, withoutMarks(schema)]),
      ),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        sessionHeader: { type: 'apiKey', in: 'header', name: 'X-CF-Session' },
        sessionCookie: { type: 'apiKey', in: 'cookie', name: 'cf_session' },
      },
    },
  }
}

type SchemaOf = (schema: z.ZodType, io: 'input' | 'output') => Json

function describeRoute(route: Route, schemaOf: SchemaOf): Json {
  const parameters = [
    ...describeParameters('path', route.params, schemaOf),
    ...describeParameters('query', route.query, schemaOf),
  ]
  return {
    operationId: `${route.method}_${route.path.replaceAll(/\W+/g, '_').replace(/^_v\d+_|^_/, '')}`,
    summary: route.summary,
    tags: [tagOf(route.path)],
    ...(route.scope === 'public'
      ? { security: [] }
      : { 'x-scope': route.scope, description: needs(route) }),
    ...(parameters.length > 0 && { parameters }),
    ...describeBody(route, schemaOf),
    responses: { ...describeReply(route.reply, schemaOf), ...describeProblems(route) },
  }
}

function needs({ scope, owner }: Route): string {
  if (scope === 'operator') return 'Needs ADMIN_TOKEN.'
  return `Needs the scope \`${scope}\`${owner ? ', and to be the library’s owner' : ''}.`
}

function tagOf(path: string): string {
  const [, first, second] = path.split('/')
  if (first === 'admin') return 'operator'
  return first === 'v1' && second ? second : 'server'
}

function describeParameters(
  place: 'path' | 'query',
  schema: z.ZodType | undefined,
  schemaOf: SchemaOf,
): Json[] {
  if (!schema) return []
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>
    required?: string[]
  }
  return Object.entries(properties).map(([name, { description, ...property }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: property,
  }))
}

function describeBody({ body, rawBody }: Route, schemaOf: SchemaOf): Json {
  if (rawBody)
    return {
      requestBody: {
        required: !rawBody.isOptional,
        content: { [rawBody.mediaType]: { schema: rawBody.schema } },
      },
    }
  if (!body) return {}
  return {
    requestBody: {
      required: true,
      content: { 'application/json': { schema: schemaOf(body, 'input') } },
    },
  }
}

function describeReply(reply: Reply, schemaOf: SchemaOf): Json {
  const { schema, mediaType, description } = reply
  let content: Json | undefined
  if (schema) content = { 'application/json': { schema: schemaOf(schema, 'output') } }
  if (mediaType) content = { ...content, [mediaType]: {} }
  const more = Object.entries(reply.more ?? {}).map(([status, words]) => [
    status,
    { description: words, ...(content && status !== '304' && { content }) },
  ])
  return {
    [reply.status]: { description, ...(content && { content }) },
    ...Object.fromEntries(more),
  }
}

function describeProblems(route: Route): Json {
  const codes = new Set<ProblemCode>([
    ...route.problems,
    ...(route.scope === 'public' ? [] : [...loginProblems, ...serverProblems]),
    ...(route.body || route.rawBody ? bodyProblems : []),
    ...(route.query ? (['invalid_request'] as const) : []),
  ])
  const byStatus = Map.groupBy(codes, (code) => problemTypes[code].status)
  const content = { [problemMediaType]: { schema: { $ref: '#/components/schemas/Problem' } } }
  return Object.fromEntries(
    [...byStatus].map(([status, there]) => [
      String(status),
      { description: there.map((code) => `\`${code}\``).join(', '), content },
    ]),
  )
}

/** The schema with every named one in it as a reference. */
function inlineSchema(
  schema: z.ZodType,
  io: 'input' | 'output',
  metadata: ReturnType<typeof z.registry<{ id: string }>>,
): Json {
  const made = z.toJSONSchema(schema, { io, metadata, unrepresentable: 'any' })
  const text = JSON.stringify(withoutMarks(made))
  return JSON.parse(text.replaceAll('"#/$defs/', '"#/components/schemas/')) as Json
}

/** What JSON Schema needs in a file of its own and OpenAPI does not. */
function withoutMarks({ $schema: _, $defs: __, $id: ___, id: ____, ...schema }: Json): Json {
  return schema
}
