/** Blocks of the spaces searched last in the memory of the first pass, within a bound of bytes: owned by whoever searches, usually one a thread. */
import type { Db } from '../../base/sqlite.ts'
import { decodeBlock } from './block.ts'
import { type CodeMemory, type CodePart, heldBytes } from './code-memory.ts'
import { codeBytes } from './codes.ts'
import { paddedDims } from './rotation.ts'
import { keyOf, type Space } from './spaces.ts'

const selectHeaders =
  'SELECT key, last, count, change FROM vector_blocks WHERE key BETWEEN ? AND ? ORDER BY key'
const selectBlock = 'SELECT block FROM vector_blocks WHERE key = ?'
/** What an entry costs beside its bytes: objects and views. */
const blockOverheadBytes = 400

/** A block and where it lies: enough to leave it unread when a filter excludes it. */
export interface BlockHeader {
  readonly key: number
  /** Passage id of the last row. */
  readonly last: number
  readonly count: number
  readonly change: number
}

/** A block as a search reads it. */
export interface HeldBlock {
  readonly change: number
  readonly ids: Float64Array
  /** Its rows, in order. */
  readonly parts: readonly CodePart[]
  readonly bytes: number
}

interface CachedSpace {
  readonly vecs: Db
  readonly space: number
  changes: number
  headers: readonly BlockHeader[]
  /** By key; what was written anew goes as soon as the headers are read again. */
  blocks: Map<number, HeldBlock>
  bytes: number
}

export class BlockCache {
  readonly #memory: CodeMemory
  readonly #bytesMax: number
  /** The least recently used first. */
  #entries: CachedSpace[] = []
  #bytes = 0
  /** Read last and not kept. */
  #passing: readonly CodePart[] = []

  /** @param bytesMax 0 keeps nothing: every search reads the file */
  constructor(memory: CodeMemory, bytesMax: number) {
    this.#memory = memory
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The blocks of a space in order of their ids. Nothing is read twice while nothing changes. */
  headers(vecs: Db, space: Space): readonly BlockHeader[] {
    return this.#entry(vecs, space).headers
  }

  /** Good until the next call. */
  block(vecs: Db, space: Space, header: BlockHeader): HeldBlock {
    const entry = this.#entry(vecs, space)
    const known = entry.blocks.get(header.key)
    if (known) return known
    this.#memory.free(this.#passing)
    this.#passing = []
    const bytes = vecs.get<{ block: Uint8Array }>(selectBlock, header.key)?.block
    const padded = paddedDims(space.dims)
    const stride = codeBytes(padded)
    const block = decodeBlock(bytes ?? new Uint8Array(0), header.count, padded)
    const cost = block.ids.byteLength + heldBytes(header.count, stride) + blockOverheadBytes
    const hasRoom = this.#makeRoom(entry, cost)
    const held = {
      change: header.change,
      // A copy: a view would keep the bytes of the codes as well.
      ids: block.ids.slice(),
      parts: this.#memory.hold(block.codes, block.factors, stride),
      bytes: cost,
    }
    if (!hasRoom) this.#passing = held.parts
    else {
      entry.blocks.set(header.key, held)
      entry.bytes += cost
      this.#bytes += cost
    }
    return held
  }

  /** To be called before a store closes: what is remembered of its file goes. */
  forget(vecs: Db): void {
    for (const entry of this.#entries.filter((known) => known.vecs === vecs)) this.#drop(entry)
  }

  #entry(vecs: Db, space: Space): CachedSpace {
    let entry = this.#entries.find((known) => known.vecs === vecs && known.space === space.id)
    if (!entry) {
      entry = { vecs, space: space.id, changes: -1, headers: [], blocks: new Map(), bytes: 0 }
      this.#entries.push(entry)
    } else if (entry !== this.#entries.at(-1)) {
      this.#entries = [...this.#entries.filter((known) => known !== entry), entry]
    }
    if (entry.changes !== space.changes) this.#refresh(entry, space)
    return entry
  }

  #refresh(entry: CachedSpace, space: Space): void {
    const [first, last] = [keyOf(space.id, 0), keyOf(space.id + 1, 0) - 1]
    entry.headers = entry.vecs.all<BlockHeader>(selectHeaders, first, last)
    entry.changes = space.changes
    const current = new Map(entry.headers.map((header) => [header.key, header.change]))
    for (const [key, { change }] of [...entry.blocks])
      if (current.get(key) !== change) this.#forgetBlock(entry, key)
  }

  #makeRoom(entry: CachedSpace, bytes: number): boolean {
    while (this.#bytes + bytes > this.#bytesMax) {
      // The space being searched never makes room for itself: a scan longer than the cache would keep nothing.
      const [oldest] = this.#entries
      if (!oldest || oldest === entry) return false
      this.#drop(oldest)
    }
    return true
  }

  #forgetBlock(entry: CachedSpace, key: number): void {
    const known = entry.blocks.get(key)
    if (!known) return
    entry.blocks.delete(key)
    this.#memory.free(known.parts)
    entry.bytes -= known.bytes
    this.#bytes -= known.bytes
  }

  #drop(entry: CachedSpace): void {
    for (const { parts } of entry.blocks.values()) this.#memory.free(parts)
    this.#bytes -= entry.bytes
    this.#entries = this.#entries.filter((known) => known !== entry)
  }
}
