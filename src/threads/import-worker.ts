/** Entry of a thread that lives for one import: starts its process and passes on what that says. Starting one waits for the kernel. */
import { fork } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import type { FromImport } from './import-builder.ts'

const heapMibMax = 512

const port = parentPort
if (!port) throw new Error('import-worker.ts runs as a thread')

// When this thread ends first, the process hears that nobody listens, and ends.
const child = fork(fileURLToPath(new URL('./import-builder.ts', import.meta.url)), {
  env: {},
  execArgv: [`--max-old-space-size=${heapMibMax}`, '--no-warnings'],
  serialization: 'advanced',
  stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
})
child.on('message', (message: FromImport) => port.postMessage(message))
child.once('spawn', () => {
  lowerPriority(child.pid ?? 0)
  child.send(workerData)
})

/** An import waits for people. Where it may not be lowered, it is done all the same. */
function lowerPriority(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // A container may forbid it.
  }
}
