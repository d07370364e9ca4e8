/** A shard thread that dies, hangs or answers as it is told: for tests of who stands in front of it. */
import { parentPort } from 'node:worker_threads'
import { sharedNowMs } from '../../src/base/shared-clock.ts'
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
    const sentAtMs = sharedNowMs()
    const none = { closed: [], fits: [], embeds: [] }
    parentPort?.postMessage({ replies, ...none, pool, sentAtMs } satisfies FromShard)
  }
})
