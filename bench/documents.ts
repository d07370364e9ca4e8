/** Every document of the test data, one after the other through a server: how it ended, how long it took, how much memory. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, type DocumentAnswer } from './lib/client.ts'
import { watchEnds } from './lib/ends.ts'
import { memoryOf } from './lib/process-memory.ts'
import { childrenOf, watchReaders } from './lib/readers.ts'
import { type BenchContext, type BenchResult, type BenchRow, rounded } from './lib/report.ts'
import { startServer } from './lib/server.ts'

const folders = ['good', 'bad'] as const

interface Reading {
  readonly end: string
  readonly pages: number | null
  readonly ms: number
}

/**
 * @returns by file: end, pages, seconds from the upload to the end, and peak of the reader process, in MB, that had read
 * nothing but a note before; over all the most of both, and the peak of the server process
 */
export async function documentsBench({ testData, say }: BenchContext): Promise<BenchResult> {
  if (!testData) throw new Error('`documents` needs real documents: set CARREL_TEST_DATA.')
  const dataDir = mkdtempSync(join(tmpdir(), 'carrel-documents-'))
  const server = await startServer(dataDir, {})
  const rows: BenchRow[] = []
  try {
    const client = new Client(server.url)
    await using watch = await watchEnds(server.url)
    const read = async (name: string, bytes: Uint8Array): Promise<Reading> => {
      const form = new FormData()
      form.append('file', new Blob([new Uint8Array(bytes)]), name)
      const startMs = performance.now()
      const { status, body } = await client.request<{ documents?: DocumentAnswer[] }>(
        'POST',
        '/v1/documents',
        form,
      )
      const [document] = body.documents ?? []
      const end = document && (await watch.endOf(document.id))
      const ms = performance.now() - startMs
      if (!end) return { end: `refused (${status})`, pages: null, ms }
      const { pages } = await client.document(end.id)
      return { end: end.error?.code ?? end.status, pages, ms }
    }
    for (const folder of folders)
      for (const file of readdirSync(join(testData, 'docs', folder)).toSorted()) {
        const bytes = readFileSync(join(testData, 'docs', folder, file))
        for (const pid of childrenOf(server.pid)) process.kill(pid, 'SIGKILL')
        await read('note.md', Buffer.from(`# A note\n\nWritten before ${folder} ${file}.`))
        const readers = watchReaders(server.pid)
        const { end, pages, ms } = await read(file, bytes)
        const peakBytes = readers.stop()
        rows.push({
          file: `${folder}/${file}`,
          kb: Math.ceil(bytes.length / 1_024),
          end,
          pages,
          seconds: rounded(ms / 1_000),
          reader_mb: end.startsWith('refused') ? null : Math.round(peakBytes / 2 ** 20),
        })
        say(`${folder}/${file}: ${end}`)
      }
    const most = (name: string): number => Math.max(...rows.map((row) => Number(row[name] ?? 0)))
    const server_mb = Math.round(memoryOf(server.pid).peakBytes / 2 ** 20)
    return {
      rows,
      ratios: { seconds_max: most('seconds'), reader_mb_max: most('reader_mb'), server_mb },
    }
  } finally {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}
