/** A fresh server on what a power cut left: is it sound, and is everything there that somebody was told? */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { openReadOnlyDb } from '../../src/base/sqlite.ts'
import { controlApplicationId, controlMigrations } from '../../src/control/schema.ts'
import { hashFile } from '../../src/tenancy/copy-files.ts'
import { booksDirectory, tenantSnapshots, uploadsDirectory } from '../../src/tenancy/layout.ts'
import {
  appApplicationId,
  appMigrations,
  vecsApplicationId,
  vecsMigrations,
} from '../../src/tenancy/schema.ts'
import { verifySnapshot } from '../../src/tenancy/snapshot.ts'
import { parseTenantId } from '../../src/tenancy/tenant-id.ts'
import type { AfterDocument, Ledger } from './ledger.ts'
import { openedByServer, openedByStores } from './reopened.ts'
import { users } from './writer.ts'

export interface Fault {
  readonly kind: 'lost' | 'corrupt'
  readonly what: string
  readonly [more: string]: unknown
}

/**
 * Opens what was left, asks, closes it, and looks at the files.
 * @param answered the requests that were answered before the cut
 * @param isWhole whether by a whole server, asked over HTTP, instead of its parts that open and recover files
 */
export async function examine(
  dataDir: string,
  ledger: Ledger,
  answered: ReadonlySet<string>,
  isWhole: boolean,
): Promise<Fault[]> {
  const faults: Fault[] = []
  try {
    const opened = isWhole ? openedByServer : openedByStores
    await opened(dataDir, async (after) => {
      for (const subject of ledger.subjects) {
        const found = await subject.look(after)
        if (!subject.isHeld(found, answered))
          faults.push({
            kind: 'lost',
            what: subject.what,
            user: subject.user,
            found,
            allowed: subject.allowed(answered),
            told: subject.isTold(answered),
          })
      }
      for (const user of users)
        if (existsSync(join(dataDir, user)))
          faults.push(...originalFaults(dataDir, user, await after.documentsOf(user), ledger))
    })
  } catch (error) {
    faults.push({ kind: 'corrupt', what: 'the server does not work', error: String(error) })
  }
  return [...faults, ...databaseFaults(dataDir), ...snapshotFaults(dataDir)]
}

/** Each document has its bytes, as somebody sent them; nothing else lies there. */
function originalFaults(
  dataDir: string,
  user: string,
  documents: ReadonlyMap<string, AfterDocument>,
  ledger: Ledger,
): Fault[] {
  const faults: Fault[] = []
  const books = booksDirectory(join(dataDir, user))
  const there = new Map(readdirSync(books).map((name) => [name.split('.')[0], name]))
  for (const { id, sha256 } of documents.values()) {
    const name = there.get(sha256)
    if (name === undefined) faults.push({ kind: 'lost', what: 'an original is missing', user, id })
    else if (hashFile(join(books, name)).sha256 !== sha256 || !ledger.sent.has(sha256))
      faults.push({ kind: 'corrupt', what: 'an original has other bytes', user, id })
    there.delete(sha256)
  }
  for (const name of there.values())
    faults.push({ kind: 'corrupt', what: 'an original without a document', user, name })
  for (const name of readdirSync(uploadsDirectory(join(dataDir, user))))
    if (name !== 'partial') faults.push({ kind: 'corrupt', what: 'left in uploads', user, name })
  return faults
}

/** Every database of the server and of every library, after the clean stop. */
function databaseFaults(dataDir: string): Fault[] {
  const tenants = readdirSync(dataDir).filter((name) => parseTenantId(name) !== undefined)
  return [
    ...checkDatabase(join(dataDir, '.carrel/control.db'), controlApplicationId, controlMigrations),
    ...tenants.flatMap((name) => [
      ...checkDatabase(join(dataDir, name, 'app.db'), appApplicationId, appMigrations),
      ...checkDatabase(join(dataDir, name, 'vecs.db'), vecsApplicationId, vecsMigrations),
    ]),
  ]
}

function checkDatabase(
  path: string,
  applicationId: number,
  migrations: readonly string[],
): Fault[] {
  try {
    const db = openReadOnlyDb(path, { applicationId, migrations })
    const found = db.pragma<string>('quick_check')
    db.close()
    return found === 'ok' ? [] : [{ kind: 'corrupt', what: 'quick_check', path, found }]
  } catch (error) {
    return [{ kind: 'corrupt', what: 'a database does not open', path, error: String(error) }]
  }
}

/** What is listed as a snapshot is one. */
function snapshotFaults(dataDir: string): Fault[] {
  const faults: Fault[] = []
  for (const user of users) {
    const place = tenantSnapshots(join(dataDir, '.carrel/snapshots'), user as never)
    for (const name of existsSync(place) ? readdirSync(place) : [])
      try {
        verifySnapshot(join(place, name))
      } catch (error) {
        faults.push({ kind: 'corrupt', what: 'a snapshot', user, name, error: String(error) })
      }
  }
  return faults
}
