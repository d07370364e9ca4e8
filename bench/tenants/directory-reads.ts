/** How often a server reads the directory of all tenants, at its start and while it answers: counted in what strace saw of it. */
import { realpathSync } from 'node:fs'
import { startServer } from '../lib/server.ts'
import { pathOf, readJournal, straceCommand, straceEnded, straceFault } from '../lib/strace.ts'
import { Asker, settings } from './measuring.ts'

const searches = 100

export interface DirectoryReads {
  readonly ofAll: number
  /** Of any other directory: that of the web app's files, of the server's own. */
  readonly ofOthers: number
}

/** @returns null where there is no strace */
export async function countDirectoryReads(
  dataDir: string,
  size: number,
  journal: string,
): Promise<DirectoryReads | null> {
  if (straceFault() !== undefined) return null
  const before = straceCommand(journal, ['getdents64'])
  const server = await startServer(dataDir, settings, [], undefined, { before })
  const asker = new Asker(server)
  try {
    for (let n = 0; n < searches; n++) await asker.search(Math.floor((n / searches) * size))
  } finally {
    asker.close()
    await server.stop()
    await straceEnded(journal)
  }
  const all = realpathSync(dataDir)
  const seen = { ofAll: 0, ofOthers: 0 }
  for await (const { at, call } of readJournal(journal)) {
    const path = at === 'end' ? pathOf(call.args) : undefined
    if (path === all) seen.ofAll++
    else if (path !== undefined) seen.ofOthers++
  }
  // A count of nothing that could not count anything would prove nothing: a start reads some directories.
  if (seen.ofOthers === 0) throw new Error('strace saw no directory being read')
  return seen
}
