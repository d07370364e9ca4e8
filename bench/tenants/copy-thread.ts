/** A thread that copies a library many times. Names are replaced where they stand: opening two databases for each would take ten times as long. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { workerData } from 'node:worker_threads'
import type { Template } from './directories.ts'

export interface CopyOrder {
  readonly template: Template
  readonly into: string
  readonly made: readonly { readonly tenant: string; readonly generation: string }[]
}

const databases: ReadonlySet<string> = new Set(['app.db', 'vecs.db'])
const { template, into, made } = workerData as CopyOrder

interface Original {
  readonly name: string
  readonly bytes: Buffer
  /** Where the name and the generation of its owner stand; none in a file that is not a database. */
  readonly places: readonly (readonly ['tenant' | 'generation', number])[]
}

const names = readdirSync(template.directory, {
  recursive: true,
  encoding: 'utf8',
  withFileTypes: true,
})
const pathOf = (entry: { parentPath: string; name: string }): string =>
  join(entry.parentPath, entry.name).slice(template.directory.length + 1)
const directories = names.filter((entry) => entry.isDirectory()).map(pathOf)
const files = names
  .filter((entry) => entry.isFile())
  .map((entry): Original => {
    const name = pathOf(entry)
    const bytes = readFileSync(join(template.directory, name))
    const places = databases.has(name)
      ? (['tenant', 'generation'] as const).map(
          (what) => [what, placeOf(bytes, name, what)] as const,
        )
      : []
    return { name, bytes, places }
  })

/** In the table of what a file says of itself, the value follows its key. */
function placeOf(bytes: Buffer, name: string, what: 'tenant' | 'generation'): number {
  const text = what + template[what]
  const at = bytes.indexOf(text)
  if (at === -1 || bytes.includes(text, at + 1))
    throw new Error(`the ${what} of ${name} does not stand in one place`)
  return at + what.length
}

for (const owner of made) {
  const directory = join(into, owner.tenant)
  mkdirSync(directory, { mode: 0o700 })
  for (const name of directories) mkdirSync(join(directory, name), { mode: 0o700 })
  for (const { name, bytes, places } of files) {
    for (const [what, at] of places) bytes.write(owner[what], at, 'latin1')
    writeFileSync(join(directory, name), bytes, { mode: 0o600 })
  }
}
