/** Decoded blocks of the spaces searched last, within a bound of bytes: owned by whoever searches, usually one a thread. */
import type { Db } from '../../base/sqlite.ts'
import { type Block, decodeBlock } from './block.ts'
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

interface CachedSpace {
  readonly vecs: Db
  readonly space: number
  changes: number
  headers: readonly BlockHeader[]
  /** By key; what was written anew goes as soon as the headers are read again. */
  blocks: Map<number, { readonly change: number; readonly block: Block }>
  bytes: number
}

export class BlockCache {
  readonly #bytesMax: number
  /** The least recently used first. */
  #entries: CachedSpace[] = []
  #bytes = 0

  /** @param bytesMax 0 keeps nothing: every search reads the file */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The blocks of a space in order of their ids. Nothing is read twice while nothing changes. */
  headers(vecs: Db, space: Space): readonly BlockHeader[] {
    return this.#entry(vecs, space).headers
  }

  block(vecs: Db, space: Space, header: BlockHeader): Block {
    const entry = this.#entry(vecs, space)
    const known = entry.blocks.get(header.key)
    if (known) return known.block
    const bytes = vecs.get<{ block: Uint8Array }>(selectBlock, header.key)?.block
    const block = decodeBlock(bytes ?? new Uint8Array(0), header.count, paddedDims(space.dims))
    this.#keep(entry, header, block)
    return block
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

  #keep(entry: CachedSpace, header: BlockHeader, block: Block): void {
    const bytes = bytesOf(block)
    while (this.#bytes + bytes > this.#bytesMax) {
      // The space being searched never makes room for itself: a scan longer than the cache would keep nothing.
      const [oldest] = this.#entries
      if (!oldest || oldest === entry) return
      this.#drop(oldest)
    }
    entry.blocks.set(header.key, { change: header.change, block })
    entry.bytes += bytes
    this.#bytes += bytes
  }

  #forgetBlock(entry: CachedSpace, key: number): void {
    const known = entry.blocks.get(key)
    if (!known) return
    entry.blocks.delete(key)
    entry.bytes -= bytesOf(known.block)
    this.#bytes -= bytesOf(known.block)
  }

  #drop(entry: CachedSpace): void {
    this.#bytes -= entry.bytes
    this.#entries = this.#entries.filter((known) => known !== entry)
  }
}

function bytesOf({ ids, factors, codes }: Block): number {
  return ids.byteLength + factors.byteLength + codes.length + blockOverheadBytes
}
