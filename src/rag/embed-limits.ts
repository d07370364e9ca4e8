/** How much the embed runner does at once, and how long it waits. */

export interface EmbedRunnerLimits {
  /** Batches on their way at once, over all tenants: what a crash may ask for again. */
  readonly batchesMax: number
  /** Passages a batch. */
  readonly batchMax: number
  readonly retryMs: number
  readonly retryMsMax: number
  /** Until a passage that the endpoint refused is offered again; doubles. */
  readonly refusedMs: number
  readonly refusedMsMax: number
  /** Times a busy shard is asked to store a batch, before the vectors are let go. */
  readonly storeTriesMax: number
}

export const embedRunnerLimits: EmbedRunnerLimits = {
  batchesMax: 4,
  batchMax: 32,
  retryMs: 1_000,
  retryMsMax: 60_000,
  refusedMs: 600_000,
  refusedMsMax: 21_600_000,
  storeTriesMax: 5,
}
