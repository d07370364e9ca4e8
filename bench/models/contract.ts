/** What the bench asks of every way to keep many users apart, so that all are driven by the same code. */
import type { Paper } from './shelves.ts'

export const reads = ['get', 'list', 'search'] as const
export const requests = [...reads, 'insert', 'upload'] as const
export type Request = (typeof requests)[number]

/** One request of one user. */
export interface Asked {
  readonly request: Request
  readonly tenant: number
  /** Of `get`: a document of the user's. */
  readonly documentId: string
  /** Of `search`: words of the user's own passages; any of them makes a hit. */
  readonly words: readonly string[]
  /** Of `insert` and `upload`: what nobody has yet. */
  readonly paper: Paper
}

/** A model is open from when it was built until it is closed. */
export interface Model {
  readonly name: string
  /** Of processes beside this one: the root of their tree. */
  readonly pid: number | undefined
  /** Of another form of a model that is measured whole: what it is asked, by many at once; nothing else is done with it. */
  readonly only?: readonly Request[]
  /** @returns the answer as the JSON that would be sent */
  ask(asked: Asked): Promise<string>
  /** Keeps a copy of one user's data as the model's own tools make it, durable. */
  backup(tenant: number): Promise<void>
  /** Puts one user's data back from the last `backup` of it, in the place of what is there. */
  restore(tenant: number): Promise<void>
  /** Removes all of one user, durably. */
  remove(tenant: number): Promise<void>
  /** The whole of it in one copy, where that is another thing than all users one by one. */
  backupAll?(): Promise<void>
  /** Adds one column to the documents of all users. */
  migrate(): Promise<void>
  /** On the disk, once nothing is left to write. */
  bytes(): Promise<number>
  close(): Promise<void>
}
