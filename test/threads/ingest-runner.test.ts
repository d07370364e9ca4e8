/** Who is opened next, with real jobs and readings that end when the test says so: nobody waits for ever. */
import { open } from 'node:fs/promises'
import { expect, onTestFinished, test } from 'vitest'
import { ExtractError } from '../../src/ingest/contract.ts'
import { addDocument } from '../../src/library/documents.ts'
import { queueJob } from '../../src/library/jobs.ts'
import { IngestRunner, type IngestRunnerOptions } from '../../src/threads/ingest-runner.ts'
import { operations } from '../../src/threads/operations.ts'
import { ShardLibrary } from './library.ts'

const bookBytes = 500 * 2 ** 20
const noteBytes = 1_000
/** Far more than any bound: nobody was ever opened after these. */
const turnsMax = 400

interface Reading {
  readonly name: string
  end(): void
}

/** A runner and its libraries, whose documents are read until the test ends them. */
class Desk {
  readonly open: Reading[] = []
  readonly opened: string[] = []
  readonly runner: IngestRunner
  readonly #libraries = new Map<string, ShardLibrary>()
  #documents = 0
  #isClosed = false

  constructor(concurrencyMax: number, users: readonly string[]) {
    for (const user of users) this.#libraries.set(user, new ShardLibrary(user))
    this.runner = new IngestRunner({
      concurrencyMax,
      extractor: { extract: ({ filename }) => this.#read(filename) },
      call: (async (tenant, name, args) => {
        const library = this.#library(tenant)
        return operations[name].run(library.context, library.store, structuredClone(args) as never)
      }) as IngestRunnerOptions['call'],
      openOriginal: () => open('/dev/null'),
      onEnd: () => undefined,
    })
    onTestFinished(async () => {
      const closed = this.runner.close()
      this.#isClosed = true
      for (const reading of [...this.open]) reading.end()
      await closed
    })
  }

  /** Queues a document, as an upload does. @param delayMs until its time comes, as after a try that failed */
  add(user: string, name: string, bytes: number, delayMs = 0): void {
    const { store, tenant } = this.#library(user)
    const sha256 = String(this.#documents++).padStart(64, '0')
    const file = { title: name, tags: [], mediaType: 'text/plain', extension: 'txt' }
    const filename = `${user} ${name}`
    const row = addDocument(store.app, { ...file, filename, sha256, bytes }, Date.now())
    queueJob(store.app, row.seq, Date.now() + delayMs)
    this.runner.notify(tenant)
  }

  /** Waits until nothing more is opened: all that run are being read. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet = this.runner.running === this.open.length ? quiet + 1 : 0)
      await new Promise((resolve) => setImmediate(resolve))
  }

  /** Ends notes, the longest open first, and brings a new one of that user for each; books stay open. */
  async until(name: string): Promise<number> {
    for (let turns = 0; turns < turnsMax; turns++) {
      await this.settle()
      if (this.opened.includes(name)) return turns
      const note = this.open.find((reading) => reading.name.endsWith('note'))
      if (!note) return Number.POSITIVE_INFINITY
      const [user = ''] = note.name.split(' ')
      this.add(user, 'note', noteBytes)
      note.end()
    }
    return Number.POSITIVE_INFINITY
  }

  #library(user: string): ShardLibrary {
    const library = this.#libraries.get(user)
    if (!library) throw new Error(`${user} has no library`)
    return library
  }

  #read(name: string): Promise<never> {
    this.opened.push(name)
    return new Promise((_, reject) => {
      const reading = {
        name,
        end: () => {
          this.open.splice(this.open.indexOf(reading), 1)
          reject(new ExtractError('no_text', 'There is no text.'))
        },
      }
      this.open.push(reading)
      if (this.#isClosed) reading.end()
    })
  }
}

/** @param waiting by user, what was uploaded, in order: notes, and books that are not `note` at the end */
async function desk(concurrencyMax: number, waiting: Record<string, string[]>): Promise<Desk> {
  const made = new Desk(concurrencyMax, Object.keys(waiting))
  for (const [user, names] of Object.entries(waiting))
    for (const name of names) made.add(user, name, name.endsWith('note') ? noteBytes : bookBytes)
  await made.settle()
  return made
}

test('a book of one who brings notes without end is opened', async () => {
  const made = await desk(1, { ann: ['note', 'note', 'book', 'note'] })
  expect(await made.until('ann book')).toBeLessThan(50)
})

test('a second book of one who brings notes without end is opened when the first ended', async () => {
  const made = await desk(1, {
    ann: ['first book', 'book', 'note', 'note'],
    ben: ['note', 'note'],
  })
  await made.until('ann first book')
  made.open.find(({ name }) => name === 'ann first book')?.end()
  expect(await made.until('ann book')).toBeLessThan(50)
})

test('a note is opened at once, beside books and before the notes of one who has many', async () => {
  const made = await desk(2, { ann: ['book', 'note', 'note', 'note', 'note', 'note'], ben: [] })
  const before = made.opened.length
  made.add('ben', 'note', noteBytes)
  await made.settle()
  expect(made.opened.slice(before)).toEqual(['ben note'])
})

test('beside two who read books, notes of others do not keep a book waiting', async () => {
  const made = await desk(2, {
    dora: ['book'],
    emil: ['book'],
    ben: ['note', 'note', 'note'],
    carl: ['note', 'note', 'book', 'note'],
  })
  expect(await made.until('carl book')).toBeLessThan(100)
})

test('what waits for its time is opened when it comes, though nothing else happens to its user', async () => {
  const made = await desk(2, { ann: ['book'] })
  made.add('ann', 'note', noteBytes, 50)
  await expect.poll(() => made.opened).toContain('ann note')
})
