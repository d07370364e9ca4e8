/** Entry of the control thread: the only holder of control.db, so that no fsync runs on the main thread. */
import { parentPort, workerData } from 'node:worker_threads'
import { openDb } from '../base/sqlite.ts'
import { controlApplicationId, controlMigrations } from './schema.ts'
import { applyChanges, type ControlChange, readTenants } from './tenants.ts'

export interface ControlWorkerData {
  readonly path: string
}

/** To the thread: a batch of changes, or the end. */
export type ToControl =
  | { readonly batch: number; readonly changes: readonly ControlChange[] }
  | 'close'
/** From the thread: the batch is durable, or could not be written. */
export interface FromControl {
  readonly batch: number
  readonly error?: string
}

const port = parentPort
if (!port) throw new Error('control-worker.ts runs as a thread')

const db = openDb((workerData as ControlWorkerData).path, {
  mode: 'open-or-create',
  synchronous: 'FULL',
  applicationId: controlApplicationId,
  migrations: controlMigrations,
})
port.postMessage(readTenants(db))
port.on('message', (message: ToControl) => {
  if (message === 'close') {
    db.checkpoint()
    db.close()
    port.close()
    return
  }
  port.postMessage(commit(message.batch, message.changes))
})

function commit(batch: number, changes: readonly ControlChange[]): FromControl {
  try {
    applyChanges(db, changes)
    return { batch }
  } catch (error) {
    return { batch, error: error instanceof Error ? error.message : String(error) }
  }
}
