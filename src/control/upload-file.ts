/** Where an upload is written while it is received. */
import { randomBytes } from 'node:crypto'
import { type FileHandle, link, open, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncDirectoryLater } from '../base/fs.ts'
import { uploadPath } from '../tenancy/layout.ts'

export interface UploadFile {
  readonly name: string
  readonly handle: FileHandle
  /** Closes it and removes it unless a document took it over: called at the end in any case. */
  release(): Promise<void>
}

/**
 * Opens a new one in the tenant's directory.
 * @param from a file that becomes the upload, to be read; without it the upload is empty, to be written
 * @param onReleased called once
 */
export async function openUploadFile(
  directory: string,
  from: string | undefined,
  onReleased: () => void,
): Promise<UploadFile> {
  const name = randomBytes(16).toString('hex')
  const path = uploadPath(directory, name)
  if (from !== undefined) await link(from, path)
  const handle = await open(path, from === undefined ? 'wx' : 'r', 0o600)
  const release = async (): Promise<void> => {
    await handle.close().catch(() => undefined)
    // One that cannot be removed keeps its tenant's hint: the next start comes for it.
    await removeLeft(path).then(onReleased, () => undefined)
  }
  let released: Promise<void> | undefined
  return {
    name,
    handle,
    release: () => {
      released ??= release()
      return released
    },
  }
}

/**
 * What no document took over. Synced, since its tenant's hint may be cleared next: nobody would look for a file that a
 * power cut brings back.
 */
async function removeLeft(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  await syncDirectoryLater(dirname(path))
}
