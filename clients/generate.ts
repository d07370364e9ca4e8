/**
 * `npm run client`: writes clients/ts/src/schema.ts from the description that the server gives of itself, in the shape that openapi-fetch
 * reads. (openapi-typescript would write it too; it needs the compiler interface of TypeScript 5, which this repository no longer has.)
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startServer } from '../bench/lib/server.ts'
import { type Description, schemaFile } from './schema-file.ts'

export const schemaPath = fileURLToPath(new URL('ts/src/schema.ts', import.meta.url))

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = mkdtempSync(join(tmpdir(), 'carrel-client-'))
  const server = await startServer(directory, {})
  try {
    const answer = await fetch(`${server.url}/openapi.json`)
    writeFileSync(schemaPath, schemaFile((await answer.json()) as Description))
  } finally {
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}
