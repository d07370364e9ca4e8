/** Which libraries are so small, and so quiet, that copying their files takes less time than a request may wait. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { booksDirectory } from '../tenancy/layout.ts'

/** Copied and hashed in a tenth of a second, as a rule. */
const bytesMax = 16 * 2 ** 20
const filesMax = 100

/** From outside: whether nobody has it open, no log is beside its databases, and there is little of it. */
export async function isSmallAndResting(directory: string): Promise<boolean> {
  try {
    const names = await readdir(directory)
    // Whoever has it open has these files.
    if (names.some((name) => /-(wal|shm|journal)$/.test(name))) return false
    const books = await readdir(booksDirectory(directory))
    if (!names.includes('vecs.db') || books.length > filesMax) return false
    const paths = ['app.db', 'vecs.db', ...books.map((name) => join('books', name))]
    const all = await Promise.all(paths.map((path) => stat(join(directory, path))))
    return all.reduce((sum, { size }) => sum + size, 0) <= bytesMax
  } catch {
    // What is wrong with it is said by whoever opens it.
    return false
  }
}
