/** What a long book costs the server process in memory beside a short paper: a fresh server for each. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Client } from './lib/client.ts'
import { canMeasureProcesses, memoryOf } from './lib/process-memory.ts'
import { startServer } from './lib/server.ts'

const mebibyte = 2 ** 20

/**
 * @returns how much higher the peak of the server's resident memory is, in MiB, from the upload until the document can be
 * searched: medians of `rounds`; null where the system does not tell it
 */
export async function bookMemoryMb(
  book: string,
  paper: string,
  rounds: number,
): Promise<number | null> {
  if (!canMeasureProcesses) return null
  const differences: number[] = []
  for (let round = 0; round < rounds; round++)
    differences.push((await peakBytes(book)) - (await peakBytes(paper)))
  const middle = differences.toSorted((a, b) => a - b)[rounds >> 1] ?? Number.NaN
  return middle / mebibyte
}

async function peakBytes(path: string): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-bench-'))
  const server = await startServer(dataDir, {})
  try {
    const client = new Client(server.url)
    const { id } = await client.upload(basename(path), readFileSync(path))
    const { status, error } = await client.settled(id)
    if (status !== 'ready') throw new Error(`${basename(path)} was not read: ${error?.detail}`)
    return memoryOf(server.pid).peakBytes
  } finally {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
