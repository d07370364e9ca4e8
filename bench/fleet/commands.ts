/** Commands of `carrel` over many libraries, timed by what they say of their progress: without the start of the process. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const entry = fileURLToPath(new URL('../../bin/carrel.mjs', import.meta.url))

export interface Timed {
  /** Between the first word of progress and the last; null where there was one alone. */
  readonly perSecond: number | null
  readonly seconds: number
  /** What it printed. */
  readonly end: Readonly<Record<string, unknown>>
}

/** @throws Error when it ends otherwise than well */
export async function timeCommand(
  args: readonly string[],
  dataDir: string,
  onProgress: (line: string) => void,
): Promise<Timed> {
  const startMs = performance.now()
  const child = spawn(process.execPath, [entry, ...args], {
    env: { PATH: process.env['PATH'] ?? '', DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'close') as Promise<[number | null]>
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  const seen: { done: number; atMs: number }[] = []
  const complaints: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    const done = /^(\d+) of \d+: /.exec(line)?.[1]
    if (done === undefined) complaints.push(line)
    else seen.push({ done: Number(done), atMs: performance.now() })
    if (Number(done) > 0 && Number(done) % 1_000 === 0) onProgress(line)
  })
  const [code] = await exited
  if (code !== 0) throw new Error(`carrel ${args[0]} ended with ${code}: ${complaints.join(' ')}`)
  const [first, last] = [seen[0], seen.at(-1)]
  const isTimed = first && last && last.done > first.done
  return {
    perSecond: isTimed ? (last.done - first.done) / ((last.atMs - first.atMs) / 1_000) : null,
    seconds: (performance.now() - startMs) / 1_000,
    end: JSON.parse(printed) as Record<string, unknown>,
  }
}

/** Of all files under a directory. */
export function bytesUnder(directory: string): number {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    const stats = lstatSync(join(directory, name))
    return stats.isFile() ? sum + stats.size : sum
  }, 0)
}
