/** An archive that a user sent, as it lies in staging: looked at from outside before anything opens a database of it. */
import { closeSync, constants, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { Problem } from '../base/problem.ts'
import { hashFile } from './copy-files.ts'
import { booksDirectory } from './layout.ts'
import { type Manifest, type ManifestFile, manifestName, readManifest } from './manifest.ts'
import { appApplicationId, appMigrations, vecsApplicationId, vecsMigrations } from './schema.ts'
import { vecsPageBytes } from './store.ts'

/** Hashes of a million originals. */
export const receivedManifestBytesMax = 160 * 2 ** 20
const headerBytes = 100
const magic = 'SQLite format 3\0'

const kinds = {
  'app.db': { applicationId: appApplicationId, versions: appMigrations.length, pages: [4096] },
  'vecs.db': {
    applicationId: vecsApplicationId,
    versions: vecsMigrations.length,
    pages: [4096, vecsPageBytes],
  },
} as const

/**
 * Compares every file with the manifest and its own name, and the headers of the databases with what ours say.
 * @throws Problem `invalid_request`
 */
export function checkReceived(directory: string): Manifest {
  const manifest = manifestOf(directory)
  const listed = new Set(manifest.files.map(({ path }) => path))
  if (listed.size !== manifest.files.length) throw refusedArchive('its manifest names a file twice')
  if (!listed.has('app.db')) throw refusedArchive('it has no app.db')
  const strange = filesIn(directory).find((path) => !listed.has(path))
  if (strange !== undefined) throw refusedArchive(`its manifest does not name ${strange}`)
  for (const file of manifest.files) checkFile(directory, file)
  for (const name of ['app.db', 'vecs.db'] as const)
    if (listed.has(name)) checkHeader(join(directory, name), name)
  return manifest
}

function filesIn(directory: string): string[] {
  const others = readdirSync(directory).filter((name) => name !== manifestName && name !== 'books')
  return others.concat(readdirSync(booksDirectory(directory)).map((name) => `books/${name}`))
}

function checkFile(directory: string, { path, sha256, bytes }: ManifestFile): void {
  const found = hashOf(directory, path)
  const isNamedWrongly = path.startsWith('books/') && !path.startsWith(`books/${sha256}.`)
  if (found.sha256 !== sha256 || found.bytes !== bytes || isNamedWrongly)
    throw refusedArchive(`${path} is not what its manifest says`)
}

function manifestOf(directory: string): Manifest {
  const stats = lstatSync(join(directory, manifestName), { throwIfNoEntry: false })
  if (!stats) throw refusedArchive('it has no manifest.json')
  try {
    return readManifest(directory)
  } catch (error) {
    throw refusedArchive(error instanceof Problem ? error.detail : 'its manifest cannot be read')
  }
}

function hashOf(directory: string, path: string): { sha256: string; bytes: number } {
  try {
    return hashFile(join(directory, path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw refusedArchive(`${path} is missing`)
    throw error
  }
}

/** What SQLite would believe without looking: page size, journal, owner, version (sqlite.org/fileformat2.html). */
function checkHeader(path: string, name: keyof typeof kinds): void {
  const { applicationId, versions, pages } = kinds[name]
  const header = Buffer.alloc(headerBytes)
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  const read = readSync(fd, header)
  closeSync(fd)
  const isOurs =
    read === headerBytes &&
    header.toString('latin1', 0, 16) === magic &&
    header.readInt32BE(68) === applicationId
  if (!isOurs) throw refusedArchive(`${name} is not one of Carrel’s databases`)
  const pageBytes = header.readUInt16BE(16)
  // Neither is at home in a log or has room set aside in its pages, as extensions for encryption have.
  if (!pages.includes(pageBytes as never) || header.readUInt16BE(18) !== 0x0101 || header[20] !== 0)
    throw refusedArchive(`${name} is not in the form that an export gives it`)
  if (header.readUInt32BE(28) * pageBytes !== lstatSync(path).size)
    throw refusedArchive(`${name} has another size than it says`)
  const version = header.readInt32BE(60)
  if (version > versions)
    throw refusedArchive(
      `${name} is of version ${version}, which a newer Carrel wrote: import it there, or update this one`,
    )
  if (version < 1) throw refusedArchive(`${name} has no version`)
}

/** @param why a sentence's end */
export function refusedArchive(why: string): Problem {
  return new Problem('invalid_request', `The archive was refused: ${why.replace(/\.$/, '')}.`)
}
