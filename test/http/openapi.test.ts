import { expect, test } from 'vitest'
import { routeTable } from '../../src/http/app.ts'
import { problemTypes } from '../../src/http/problem.ts'
import type { Method } from '../../src/http/route.ts'
import { startServer } from './harness.ts'

interface Described {
  readonly summary: string
  readonly operationId: string
  readonly security?: unknown[]
  readonly parameters?: { name: string; in: string; required: boolean; schema: object }[]
  readonly requestBody?: { content: Record<string, { schema: object }> }
  readonly responses: Record<string, { description: string; content?: Record<string, object> }>
}

interface Description {
  readonly openapi: string
  readonly paths: Record<string, Partial<Record<Method, Described>>>
  readonly components: { schemas: Record<string, { properties: object; required: string[] }> }
}

test('every route is described, with its parameters, its body, its answers and its problems', async () => {
  const { description, server } = await describe()
  expect(description.openapi).toBe('3.1.0')
  const ids = new Set<string>()
  for (const { method, path, scope, body, rawBody, reply } of routeTable(server.options)) {
    const described = description.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method]
    if (!described) throw new Error(`${method} ${path} is not described`)
    expect(described.summary).not.toBe('')
    expect(described.responses[reply.status]?.description).not.toBe('')
    expect(described.security).toEqual(scope === 'public' ? [] : undefined)
    expect(Object.keys(described.responses).includes('401')).toBe(
      scope !== 'public' || path === '/metrics',
    )
    expect(described.requestBody !== undefined).toBe(Boolean(body ?? rawBody))
    const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name)
    const parameters = described.parameters ?? []
    expect(parameters.filter((p) => p.in === 'path').map((p) => p.name)).toEqual(inPath)
    ids.add(described.operationId)
  }
  expect(ids.size).toBe(routeTable(server.options).length)
})

test('all references lead somewhere, and problems are problem+json', async () => {
  const { description } = await describe()
  const text = JSON.stringify(description)
  const targets = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target))
  expect(targets).toEqual(
    new Set(['#/components/schemas/Document', '#/components/schemas/Problem']),
  )
  expect(Object.keys(description.components.schemas)).toEqual(['Document', 'Problem'])
  for (const operations of Object.values(description.paths))
    for (const { responses } of Object.values(operations))
      for (const [status, { content }] of Object.entries(responses))
        if (Number(status) >= 400 && status !== '503')
          expect(Object.keys(content ?? {})).toEqual(['application/problem+json'])
})

test('bodies are described as they come in: what has a default is not required', async () => {
  const { description } = await describe()
  const search = description.paths['/v1/search']
  expect(search?.post?.requestBody?.content['application/json']?.schema).toMatchObject({
    required: ['query'],
    additionalProperties: false,
    properties: {
      query: { type: 'string', maxLength: 10_000 },
      limit: { type: 'integer', maximum: 100, default: 10 },
    },
  })
  expect(search?.get?.parameters).toMatchObject([
    { name: 'q', in: 'query', required: true },
    { name: 'mode', required: false },
    { name: 'limit', required: false, schema: { type: 'integer', maximum: 100 } },
  ])
  const upload = description.paths['/v1/documents']?.post
  expect(upload?.requestBody?.content).toHaveProperty('multipart/form-data')
  const original = description.paths['/v1/documents/{id}/original']?.get
  expect(Object.keys(original?.responses ?? {})).toEqual(
    expect.arrayContaining(['200', '206', '304', '404', '416']),
  )
})

test('every problem code has an error status and words', () => {
  for (const { status, title } of Object.values(problemTypes)) {
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(600)
    expect(title).toMatch(/^[A-Z]/)
  }
})

async function describe() {
  const server = await startServer()
  const response = await fetch(`${server.url}/openapi.json`)
  expect(response.status).toBe(200)
  return { description: (await response.json()) as Description, server }
}
