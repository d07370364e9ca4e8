/** A shard thread that dies, hangs or answers as it is told: for tests of who stands in front of it. */
import { parentPort } from 'node:worker_threads'
import type { FromShard, ToShard } from '../../src/threads/protocol.ts'

const pool = { open: 0, leased: 0, opens: 0, hits: 0, evictions: 0, idleCloses: 0 }

parentPort?.on('message', (message: ToShard) => {
  if (message === 'shutdown') {
    parentPort?.close()
    return
  }
  for (const { id, args } of message.calls) {
    if (args === 'die') process.exit(3)
    if (args === 'hang') for (;;);
    if (args === 'silence') continue
    const replies = [{ id, ms: 0, ok: true as const, result: args }]
    parentPort?.postMessage({ replies, closed: [], fits: [], embeds: [], pool } satisfies FromShard)
  }
})
