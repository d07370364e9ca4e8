/** Adds a document, waits until it is read, searches it, and asks a question. `node examples/quick-start.ts FILE WORDS QUESTION` */
import { openAsBlob } from 'node:fs'
import { basename } from 'node:path'
import { Carrel } from '../clients/ts/src/carrel.ts'

const [file = '', words = '', question = ''] = process.argv.slice(2)
const url = process.env['CARREL_URL'] ?? 'http://127.0.0.1:8080'
const carrel = new Carrel({ url, token: process.env['CARREL_TOKEN'] })

const { documents } = await carrel.upload(await openAsBlob(file), {
  filename: basename(file),
  tags: ['example'],
  onProgress: (sent, all) => process.stderr.write(`${sent} of ${all} bytes\n`),
})
const [document] = documents
if (!document) throw new Error('the archive has no document')

for (let status: string = document.status; status !== 'ready'; ) {
  const { data, error } = await carrel.api.GET('/v1/documents/{id}', {
    params: { path: { id: document.id } },
  })
  if (!data || data.status === 'failed') throw new Error(error?.detail ?? data?.error?.detail)
  status = data.status
  await new Promise((resolve) => setTimeout(resolve, 50))
}

const { data: found, error } = await carrel.api.POST('/v1/search', {
  body: { query: words, filter: { document_ids: [document.id] } },
})
if (!found) throw new Error(error.detail)
for (const { title, page, text } of found.hits)
  process.stdout.write(`${title}, p. ${page}: ${text}\n`)

for await (const { event, data } of carrel.ask({ message: question }))
  if (event === 'delta') process.stdout.write(data.text)
process.stdout.write('\n')
