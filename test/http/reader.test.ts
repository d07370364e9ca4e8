/** Originals that may be shown, pictures, contents and reports over HTTP. */
import { expect, test } from 'vitest'
import { documentOf, form, startServer } from './harness.ts'

const pdf = '%PDF-1.7 a file'

async function withFile(name: string, content: string) {
  const server = await startServer()
  const body = form([[name, content]])
  const response = await server.as('alice', '/v1/documents', { method: 'POST', body })
  const { id } = await documentOf(response)
  return { server, path: `/v1/documents/${id}` }
}

test('a PDF may be shown, in a sandbox and under its own name', async () => {
  const { server, path } = await withFile('Über “uns”.pdf', pdf)
  const shown = await server.as('alice', `${path}/original?inline=1`)
  expect(Object.fromEntries(shown.headers)).toMatchObject({
    'content-type': 'application/pdf',
    'content-disposition': `inline; filename="?ber ?uns?.pdf"; filename*=UTF-8''%C3%9Cber%20%E2%80%9Cuns%E2%80%9D.pdf`,
    'content-security-policy':
      "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'same-origin',
  })
  expect(await shown.text()).toBe(pdf)
  const part = await server.as('alice', `${path}/original?inline=1`, {
    headers: { Range: 'bytes=0-3' },
  })
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
    206,
    `bytes 0-3/${pdf.length}`,
    '%PDF',
  ])
  for (const query of ['', '?inline=0']) {
    const saved = await server.as('alice', `${path}/original${query}`)
    expect(saved.headers.get('content-disposition')).toMatch(/^attachment; /)
    expect(saved.headers.get('content-security-policy')).toMatch(/frame-ancestors 'none'$/)
  }
})

test('what is no PDF is saved, however it is asked for', async () => {
  const { server, path } = await withFile('page.txt', '<script>alert(1)</script>')
  const response = await server.as('alice', `${path}/original?inline=1`)
  expect(response.headers.get('content-disposition')).toBe('attachment; filename=page.txt')
  expect(response.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/)
  expect((await server.as('alice', `${path}/original?inline=yes`)).status).toBe(400)
})

test('a picture is sent once', async () => {
  const { server, path } = await withFile('a.pdf', pdf)
  const first = await server.as('alice', `${path}/thumbnail`)
  expect(Object.fromEntries(first.headers)).toMatchObject({
    'content-type': 'image/png',
    'content-length': '9',
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    etag: `"${'f'.repeat(64)}"`,
  })
  expect(await first.text()).toBe('a picture')
  const headers = { 'If-None-Match': first.headers.get('etag') ?? '' }
  const again = await server.as('alice', `${path}/thumbnail`, { headers })
  expect([again.status, await again.text()]).toEqual([304, ''])
  const head = await server.as('alice', `${path}/thumbnail`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '9'])
})

test('the report is asked for in parts', async () => {
  const { server, path } = await withFile('a.pdf', pdf)
  const asked = async (query: string) => (await server.as('alice', `${path}/report${query}`)).status
  expect(await asked('?limit=3&cursor=2')).toBe(200)
  expect(server.tenant('alice').calls.at(-1)?.args).toMatchObject({ limit: 3, cursor: '2' })
  expect(await asked('')).toBe(200)
  for (const query of ['?limit=0', '?limit=1001', '?limit=x', '?page=1'])
    expect([query, await asked(query)]).toEqual([query, 400])
  expect((await server.as('alice', `${path}/contents`)).status).toBe(200)
})
