/** What is measured: which requests, from how many clients, how often in turns; and what is done with one user's data as a whole. */
import type { Asked, Model, Request } from './contract.ts'
import { reads, requests } from './contract.ts'
import { closedLoop, type Measured, openLoop } from './load.ts'
import { asker, type Shelves } from './shelves.ts'
import { processorSeconds, settled } from './usage.ts'

export const crowd = 32
/** Of a hundred requests of the mix. */
const mix: Readonly<Record<Request, number>> = {
  get: 50,
  list: 20,
  search: 25,
  insert: 4,
  upload: 1,
}
/** Of what the model with the least room takes, that all are asked for. */
export const openShares = [0.5, 0.8]

export interface Cell {
  readonly operation: Request | 'mix'
  readonly clients: number
}

export interface CellResult extends Measured {
  /** Of the process and the model's own, with what was left to do afterwards. */
  readonly cpuSeconds: number
}

export const cells: readonly Cell[] = [
  ...[1, 8].flatMap((clients) =>
    [...reads, 'mix' as const].map((operation) => ({ operation, clients })),
  ),
  ...[...requests, 'mix' as const].map((operation) => ({ operation, clients: crowd })),
]

/** Whether a model is measured in it. */
export function takesPart({ only }: Model, { operation, clients }: Cell): boolean {
  return only === undefined || (clients === crowd && only.some((one) => one === operation))
}

/** @param seed the same for all models of a round */
export async function measureCell(
  model: Model,
  shelves: Shelves,
  { operation, clients }: Cell,
  { seed, ms }: { seed: number; ms: number },
): Promise<CellResult> {
  const choose = operation === 'mix' ? fromMix : () => operation
  const askers = Array.from({ length: clients }, (_, at) => asker(shelves, seed + at, choose))
  return withProcessor(model, () => closedLoop(model, askers, ms))
}

/** The mix at a fixed rate, whether those before were answered or not. */
export async function measureOpen(
  model: Model,
  shelves: Shelves,
  perSecond: number,
  { seed, ms }: { seed: number; ms: number },
): Promise<CellResult> {
  const next: () => Asked = asker(shelves, seed, fromMix)
  return withProcessor(model, () => openLoop(model, next, perSecond, ms))
}

async function withProcessor(model: Model, work: () => Promise<Measured>): Promise<CellResult> {
  const before = processorSeconds(model.pid)
  const measured = await work()
  await settled(model.pid)
  return { ...measured, cpuSeconds: processorSeconds(model.pid) - before }
}

function fromMix(random: number): Request {
  let left = random * 100
  for (const request of requests) {
    left -= mix[request]
    if (left < 0) return request
  }
  return 'get'
}

/** Of one user's library, in milliseconds. */
export interface Chores {
  readonly backupMs: number
  readonly restoreMs: number
  readonly deleteMs: number
}

/** @param tenant one whose library is not asked for: it is gone afterwards */
export async function measureChores(model: Model, tenant: number): Promise<Chores> {
  const backupMs = await timed(() => model.backup(tenant))
  const restoreMs = await timed(() => model.restore(tenant))
  const deleteMs = await timed(() => model.remove(tenant))
  await settled(model.pid)
  return { backupMs, restoreMs, deleteMs }
}

export async function timed(work: () => Promise<unknown> | undefined): Promise<number> {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}
