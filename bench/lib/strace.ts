/** Running a server under strace: whether this machine can, and what it wrote down, call by call. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** More than any single call of the server carries. */
const stringBytesMax = 32 * 2 ** 20

/** One call as it ended. */
export interface TracedCall {
  readonly name: string
  /** As strace prints them, with strings as they are: `stringsOf` reads them. */
  readonly args: string
  readonly result: number
  /** Of the result, where it is a descriptor. */
  readonly resultPath: string | undefined
}

/** A call begins, or ends; most do both in one line. */
export interface CallEvent {
  readonly at: 'begin' | 'end'
  /** Calls of one thread follow one another. */
  readonly thread: string
  readonly call: TracedCall
}

/** @returns why strace cannot be used here, for a person; undefined where it can */
export function straceFault(): string | undefined {
  const version = spawnSync('strace', ['--version'], { encoding: 'utf8' })
  if (version.status !== 0) return 'strace is not installed'
  const tried = spawnSync('strace', ['-f', '--seccomp-bpf', '-e', 'trace=fsync', 'true'], {
    encoding: 'utf8',
  })
  return tried.status === 0
    ? undefined
    : `strace may not trace here: ${tried.stderr.trim().split('\n').at(-1)}`
}

/** Arguments that make strace keep out of the way: the server stays our child, other calls run at full speed. */
export function straceCommand(
  journal: string,
  calls: readonly string[],
  more: string[] = [],
): string[] {
  const options = ['-D', '-f', '--seccomp-bpf', '-y', '-qq', '-s', String(stringBytesMax)]
  return ['strace', ...options, '-o', journal, '-e', `trace=${calls.join(',')}`, ...more, '--']
}

/** Waits until strace has written all: it ends a moment after the server. */
export async function straceEnded(journal: string): Promise<void> {
  const isOpen = (): boolean =>
    execFileSync('sh', ['-c', 'ls -l /proc/[0-9]*/fd 2>/dev/null || true'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    }).includes(`-> ${journal}\n`)
  while (isOpen()) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** Reads a journal in the order of time. Lines that are no calls (signals, exits) are left out. */
export async function* readJournal(path: string): AsyncGenerator<CallEvent> {
  const begun = new Map<string, string>()
  const input = createReadStream(path, { encoding: 'latin1', highWaterMark: 2 ** 20 })
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const split = /^(\d+) +/.exec(line)
    const thread = split?.[1]
    if (thread === undefined) continue
    const text = line.slice(split?.[0].length)
    if (text.endsWith(' <unfinished ...>')) {
      const head = text.slice(0, -' <unfinished ...>'.length)
      begun.set(thread, head)
      const call = parseCall(`${head}) = 0`)
      if (call) yield { at: 'begin', thread, call }
      continue
    }
    const resumed = /^<\.\.\. \w+ resumed>/.exec(text)
    const whole = resumed ? (begun.get(thread) ?? '') + text.slice(resumed[0].length) : text
    const call = parseCall(whole)
    if (!call) continue
    if (!resumed) yield { at: 'begin', thread, call }
    yield { at: 'end', thread, call }
  }
}

function parseCall(text: string): TracedCall | undefined {
  const open = text.indexOf('(')
  // The result is at the end, behind all that a string could hold.
  const end = /\)\s+= (-?\d+|\?)(?:<([^>]*)>)?[^"]*$/.exec(text.slice(-400))
  if (open <= 0 || !end || end[1] === '?') return undefined
  const args = text.slice(open + 1, text.length - end[0].length)
  return { name: text.slice(0, open), args, result: Number(end[1]), resultPath: end[2] }
}

/** The path behind the first descriptor; undefined for one that has no name (any more). */
export function pathOf(args: string): string | undefined {
  return /^-?\w+<(\/[^>]*)>(?!\(deleted\))/.exec(args)?.[1]
}

/** Every string among the arguments, as bytes. @throws where strace cut one short */
export function stringsOf(args: string): Buffer[] {
  const strings: Buffer[] = []
  for (let at = args.indexOf('"'); at >= 0; at = args.indexOf('"', at)) {
    const bytes = Buffer.allocUnsafe(args.length - at)
    let length = 0
    for (at++; args[at] !== '"'; length++) {
      if (args[at] !== '\\') bytes[length] = args.charCodeAt(at++)
      else {
        const octal = /^[0-7]{1,3}/.exec(args.slice(at + 1, at + 4))?.[0]
        bytes[length] = octal ? Number.parseInt(octal, 8) : escaped(args[at + 1])
        at += 1 + (octal?.length ?? 1)
      }
    }
    at++
    if (args.startsWith('...', at)) throw new Error('the journal has a string that was cut short')
    strings.push(bytes.subarray(0, length))
  }
  return strings
}

function escaped(letter = ''): number {
  const named: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12 }
  return named[letter] ?? letter.charCodeAt(0)
}
