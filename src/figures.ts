/** What the server says of itself: figures for the metrics, and whether it can do its work. */
import type { LiveFigures } from './base/metrics.ts'
import type { Control } from './control/control.ts'
import type { DiskFigures } from './control/disk-figures.ts'
import type { ServerState } from './http/routes/admin-server.ts'
import type { Readiness } from './http/routes/system.ts'
import type { Identity } from './identity.ts'
import type { Chat } from './rag/chat.ts'
import type { RemoteModels } from './rag/remote-models.ts'
import { queueLimits } from './threads/call-queue.ts'
import type { IngestRunner } from './threads/ingest-runner.ts'
import type { ShardStats } from './threads/shard.ts'
import type { Shards } from './threads/shards.ts'

interface Parts {
  readonly shards: Shards
  readonly control: Control
  readonly models: RemoteModels
  readonly identity: Identity
}

/** Looked up when somebody asks for the metrics. */
export function figures({
  shards,
  control,
  models,
  identity,
  runner,
  disk,
}: Parts & { readonly runner: IngestRunner; readonly disk: DiskFigures }): LiveFigures {
  const { key_set: keySet = 'ok', heimdall = 'ok' } = identity.checks()
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
    vectorsPending: models.pending,
    keySetOk: keySet === 'ok' ? 1 : 0,
    keySetFetches: identity.keySetFetches,
    heimdallOk: heimdall === 'ok' ? 1 : 0,
    appBytes: disk.appBytes,
    vecsBytes: disk.vecsBytes,
    snapshotAgeS: disk.snapshotAgeS,
  }
}

/** Whether the server can do its work, and which part of it cannot. */
export function readiness({
  shards,
  control,
  models,
  chat,
  identity,
}: Parts & { readonly chat: Chat }): Readiness {
  const isFull = shards.stats().some((stats) => stats.waiting >= queueLimits.shardWaitingMax)
  return {
    ready: !isFull && control.fault === undefined,
    checks: {
      shards: isFull ? 'a shard’s queue is full' : 'ok',
      control: control.fault ?? 'ok',
      // No reason not to be ready: words are searched, and what has vectors keeps them.
      embeddings: models.outage ? `vectors wait for the endpoint (${models.outage.kind})` : 'ok',
      // Never a reason not to be ready: without it answers are quotes.
      chat: chat.state,
      // What stands outside fails nothing: people come in by what is remembered of it.
      ...identity.checks(),
    },
  }
}

/** The server at this moment, for the operator. */
export function serverState({
  shards,
  control,
  models,
  chat,
  runner,
}: Omit<Parts, 'identity'> & {
  readonly chat: Chat
  readonly runner: IngestRunner
}): ServerState {
  return {
    tenants: control.tenantCount,
    shards: shards
      .stats()
      .map(({ open, leased, waiting, running, restarts, opens, hits, evictions }) => ({
        ...{ open, leased, waiting, running, restarts, opens, hits, evictions },
      })),
    jobs_running: runner.running,
    tenants_with_jobs: runner.waiting,
    vectors_pending: models.pending,
    answers_running: chat.running,
  }
}
