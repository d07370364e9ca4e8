/** From a journal of system calls to a disk that forgets, and to the answers that the server gave meanwhile. */
import { resolve } from 'node:path'
import type { CrashDisk } from './crash-disk.ts'
import { type CallEvent, pathOf, readJournal, stringsOf, type TracedCall } from './strace.ts'

/** What changes a file or a name, and what carries an answer to a client. */
export const diskCalls = (
  'open openat creat write pwrite64 writev pwritev pwritev2 fsync fdatasync truncate ftruncate fallocate ' +
  'rename renameat renameat2 link linkat unlink unlinkat rmdir mkdir mkdirat symlink symlinkat ' +
  'copy_file_range sendfile sync_file_range mmap'
).split(' ')

/** A step of the journal: something was done to the disk, or an answer began to go out. */
export interface JournalStep {
  /** Of the answer. */
  readonly answered?: { readonly requestId: string; readonly status: number }
  /** To be done to the disk. */
  readonly apply?: (disk: CrashDisk) => void
  /** What makes something safe, or gives it its name: the moments beside it are worth a cut. */
  readonly isTurn?: boolean
}

const answerHead = /HTTP\/1\.1 (\d{3}) [\s\S]*?\r\nX-Request-Id: ([^\r]+)\r\n/g

/**
 * Reads the steps that concern `root`.
 * @throws where the server did to a file of it what the model does not know (mapped it for writing, copied within the kernel)
 */
export async function* stepsOf(journal: string, root: string): AsyncGenerator<JournalStep> {
  const syncs = new Map<string, { end?: () => void }>()
  for await (const event of readJournal(journal)) {
    const { call, at } = event
    const isSync = call.name === 'fsync' || call.name === 'fdatasync'
    if (isSync) {
      const step = syncStep(event, root, syncs)
      if (step) yield step
    } else if (at === 'end' && call.result >= 0) {
      const apply = changeOf(call, root)
      if (apply) yield { apply, isTurn: /^(rename|link|unlink)/.test(call.name) }
    } else if (at === 'begin' && /^writev?$/.test(call.name)) yield* answersOf(call)
  }
}

function syncStep(
  { at, call, thread }: CallEvent,
  root: string,
  syncs: Map<string, { end?: () => void }>,
): JournalStep | undefined {
  const path = pathOf(call.args)
  if (path === undefined || !isWithin(path, root)) return undefined
  if (at === 'begin') {
    const sync: { end?: () => void } = {}
    syncs.set(thread, sync)
    return {
      apply: (disk) => {
        sync.end = disk.beginSync(path)
      },
    }
  }
  const sync = syncs.get(thread)
  return call.result === 0 ? { apply: () => sync?.end?.(), isTurn: true } : undefined
}

function* answersOf({ args }: TracedCall): Generator<JournalStep> {
  if (!args.includes('"HTTP/1.1 ')) return
  const text = Buffer.concat(stringsOf(args)).toString('latin1')
  for (const [, status, requestId = ''] of text.matchAll(answerHead))
    yield { answered: { requestId, status: Number(status) } }
}

function changeOf(call: TracedCall, root: string): JournalStep['apply'] {
  if (/^(open|openat|creat)$/.test(call.name)) return openingOf(call, root)
  if (/^(rename|link|unlink|rmdir|mkdir|truncate|symlink)/.test(call.name))
    return nameChangeOf(call, root)
  const path = call.name === 'mmap' ? mappedForWriting(call.args) : pathOf(call.args)
  if (path === undefined || !isWithin(path, root)) return undefined
  switch (call.name) {
    case 'write':
    case 'writev': {
      const bytes = bytesOf(call)
      return (disk) => disk.write(path, bytes, undefined)
    }
    case 'pwrite64':
    case 'pwritev':
    case 'pwritev2': {
      const bytes = bytesOf(call)
      const offset = offsetOf(call)
      return (disk) => disk.write(path, bytes, offset)
    }
    case 'ftruncate': {
      const length = Number(/, (\d+)$/.exec(call.args)?.[1])
      return (disk) => disk.truncate(path, length)
    }
    default:
      if (path.endsWith('-shm')) return undefined
      throw new Error(`the model does not know ${call.name} of ${path}`)
  }
}

function openingOf({ args, resultPath }: TracedCall, root: string): JournalStep['apply'] {
  if (resultPath === undefined || !isWithin(resultPath, root)) return undefined
  const makes = args.includes('O_CREAT')
  const empties = args.includes('O_TRUNC')
  if (!makes && !empties) return undefined
  return (disk) => {
    const isNew = !disk.isThere(resultPath)
    if (isNew) disk.makeFile(resultPath)
    else if (empties) disk.truncate(resultPath, 0)
  }
}

function nameChangeOf({ name, args }: TracedCall, root: string): JournalStep['apply'] {
  const [first = '', second = ''] = pathsOf(args)
  const isHere = isWithin(first, root) || isWithin(second, root)
  if (!isHere) return undefined
  if (name.startsWith('rename')) return (disk) => disk.rename(first, second)
  if (name.startsWith('link')) return (disk) => disk.link(first, second)
  if (name.startsWith('unlink') || name === 'rmdir') return (disk) => disk.remove(first)
  // Of the root itself nothing is known: it was there.
  if (name.startsWith('mkdir')) return (disk) => disk.makeDirectory(first)
  if (name === 'truncate') {
    const length = Number(/, (\d+)$/.exec(args)?.[1])
    return (disk) => disk.truncate(first, length)
  }
  throw new Error(`the model does not know ${name} of ${first}`)
}

/** Paths of a call, each after the directory that it may be relative to. */
function pathsOf(args: string): string[] {
  return [...args.matchAll(/(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)"/g)].map(
    ([, directory = '/', path = '']) => resolve(directory, path),
  )
}

function mappedForWriting(args: string): string | undefined {
  if (!args.includes('PROT_WRITE') || !args.includes('MAP_SHARED')) return undefined
  return /, \d+<(\/[^>]*)>/.exec(args)?.[1]
}

function bytesOf({ args, result }: TracedCall): Buffer {
  return Buffer.concat(stringsOf(args)).subarray(0, result)
}

function offsetOf({ name, args }: TracedCall): number {
  const numbers = /"[^"]*$/.exec(args)?.[0].match(/\d+/g) ?? []
  // pwrite64: bytes, offset. pwritev: …, offset; pwritev2: …, offset, flags.
  return Number(name === 'pwritev2' ? numbers.at(-2) : numbers.at(-1))
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`)
}
