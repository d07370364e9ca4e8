/** What the running parts say about themselves: figures for Prometheus, readiness for a load balancer. */
import type { LiveFigures } from './base/metrics.ts'
import type { Control } from './control/control.ts'
import type { Readiness } from './http/routes/system.ts'
import type { Chat } from './rag/chat.ts'
import { queueLimits } from './threads/call-queue.ts'
import type { IngestRunner } from './threads/ingest-runner.ts'
import type { ShardStats } from './threads/shard.ts'
import type { Shards } from './threads/shards.ts'

export function figures(shards: Shards, control: Control, runner: IngestRunner): LiveFigures {
  const all = shards.stats()
  const sum = (of: (stats: ShardStats) => number): number =>
    all.reduce((total, stats) => total + of(stats), 0)
  return {
    storesOpen: sum((stats) => stats.open),
    storeOpens: sum((stats) => stats.opens),
    storeHits: sum((stats) => stats.hits),
    storeEvictions: sum((stats) => stats.evictions),
    callsWaiting: sum((stats) => stats.waiting),
    tenants: control.tenantCount,
    jobsRunning: runner.running,
    tenantsWithJobs: runner.waiting,
  }
}

export function readiness(shards: Shards, control: Control, chat: Chat): Readiness {
  const isFull = shards.stats().some((stats) => stats.waiting >= queueLimits.shardWaitingMax)
  return {
    ready: !isFull && control.fault === undefined,
    checks: {
      shards: isFull ? 'a shard’s queue is full' : 'ok',
      control: control.fault ?? 'ok',
      // Never a reason not to be ready: without it answers are quotes.
      chat: chat.state,
    },
  }
}
