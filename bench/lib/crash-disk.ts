/**
 * A disk that forgets: files and names as a journal of system calls made them, and what a power cut may leave of them.
 *
 * The model is that of POSIX, which is stricter than ext4: the bytes and the length of a file are safe after `fsync` or
 * `fdatasync` of it, a name (made, renamed, removed) after `fsync` of its directory, a rename between two directories with
 * the one that it goes to. Of what is not safe anything may be left: writes in any choice, torn at blocks of 4 KiB, with
 * zeros where one is missing; names of a directory in the order in which they were changed, up to some point.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const blockBytes = 4_096
const empty = new Uint8Array()

type Change =
  | { readonly offset: number; readonly bytes: Uint8Array }
  | { readonly truncateTo: number }

interface FileNode {
  readonly kind: 'file'
  safe: Uint8Array
  /** In order; the first stands behind `settled` others. */
  readonly unsafe: Change[]
  settled: number
  /** As the running system sees it. */
  length: number
}

interface DirectoryNode {
  readonly kind: 'directory'
  readonly names: Map<string, Node>
}

type Node = FileNode | DirectoryNode

interface NameChange {
  /** Whose sync makes it safe. */
  readonly directory: DirectoryNode
  readonly name: string
  /** Undefined: the name is removed. */
  readonly node: Node | undefined
  readonly from?: { readonly directory: DirectoryNode; readonly name: string }
  isSafe: boolean
}

/** Which of the unsafe is left: nothing, all, or some by chance. */
export type CutMode = 'dropped' | 'kept' | 'mixed'

export class CrashDisk {
  readonly #root: string
  readonly #tree: DirectoryNode = { kind: 'directory', names: new Map() }
  readonly #nameChanges: NameChange[] = []

  /** @param root an existing, empty directory; paths outside it are none of its business */
  constructor(root: string) {
    this.#root = root
  }

  holds(path: string): boolean {
    return path === this.#root || path.startsWith(`${this.#root}/`)
  }

  isThere(path: string): boolean {
    return this.#find(path) !== undefined
  }

  makeFile(path: string): void {
    if (this.#find(path)) return
    this.#change(path, { kind: 'file', safe: empty, unsafe: [], settled: 0, length: 0 })
  }

  makeDirectory(path: string): void {
    this.#change(path, { kind: 'directory', names: new Map() })
  }

  link(from: string, to: string): void {
    this.#change(to, this.#need(from))
  }

  rename(from: string, to: string): void {
    const node = this.#need(from)
    const source = { directory: this.#directory(dirname(from)), name: basename(from) }
    source.directory.names.delete(source.name)
    this.#change(to, node, source)
  }

  remove(path: string): void {
    const directory = this.#directory(dirname(path))
    directory.names.delete(basename(path))
    this.#nameChanges.push({ directory, name: basename(path), node: undefined, isSafe: false })
  }

  /** @param offset undefined: behind what is there */
  write(path: string, bytes: Uint8Array, offset: number | undefined): void {
    const file = this.#file(path)
    const at = offset ?? file.length
    file.unsafe.push({ offset: at, bytes })
    file.length = Math.max(file.length, at + bytes.length)
  }

  truncate(path: string, truncateTo: number): void {
    const file = this.#file(path)
    file.unsafe.push({ truncateTo })
    file.length = truncateTo
  }

  /** A sync begins: it covers what was written so far. @returns to be called when it has ended well */
  beginSync(path: string): () => void {
    const node = this.#need(path)
    if (node.kind === 'file') {
      const covered = node.settled + node.unsafe.length
      return () => {
        const settling = node.unsafe.splice(0, Math.max(0, covered - node.settled))
        node.settled += settling.length
        node.safe = settling.reduce(applied, node.safe)
      }
    }
    const covered = this.#nameChanges.length
    return () => {
      for (const change of this.#nameChanges.slice(0, covered))
        if (change.directory === node || change.from?.directory === node) change.isSafe = true
    }
  }

  /** Writes out what the cut leaves. @param to a directory that does not exist */
  cut(to: string, mode: CutMode, random: () => number): void {
    const kept = this.#keptNames(mode, random)
    const share = mode === 'mixed' ? [0, 0.2, 0.5, 0.8, 1][Math.floor(random() * 5)] : 0
    const written = new Set<DirectoryNode>()
    const write = (directory: DirectoryNode, path: string): void => {
      // Where only half of a directory's rename is left, it stands at one place.
      if (written.has(directory)) return
      written.add(directory)
      mkdirSync(path, { mode: 0o700 })
      for (const [name, node] of kept.get(directory) ?? []) {
        // Shared memory: it is made anew from the log by whoever opens the file first.
        if (name.endsWith('-shm')) continue
        const place = join(path, name)
        if (node.kind === 'directory') write(node, place)
        else writeFileSync(place, contentOf(node, mode, share ?? 0, random), { mode: 0o600 })
      }
    }
    write(this.#tree, to)
  }

  #keptNames(mode: CutMode, random: () => number): Map<DirectoryNode, Map<string, Node>> {
    const unsafe = Map.groupBy(
      this.#nameChanges.filter((change) => !change.isSafe),
      (change) => change.directory,
    )
    const left = new Map<DirectoryNode, number>()
    for (const [directory, { length }] of unsafe) {
      const some = Math.floor(random() * (length + 1))
      left.set(directory, { dropped: 0, kept: length, mixed: some }[mode])
    }
    const names = new Map<DirectoryNode, Map<string, Node>>()
    const of = (directory: DirectoryNode): Map<string, Node> => {
      const found = names.get(directory) ?? new Map<string, Node>()
      names.set(directory, found)
      return found
    }
    for (const { directory, name, node, from, isSafe } of this.#nameChanges) {
      const room = left.get(directory) ?? 0
      if (!isSafe && room === 0) continue
      if (!isSafe) left.set(directory, room - 1)
      if (from) of(from.directory).delete(from.name)
      if (node) of(directory).set(name, node)
      else of(directory).delete(name)
    }
    return names
  }

  #change(path: string, node: Node, from?: NameChange['from']): void {
    const directory = this.#directory(dirname(path))
    const name = basename(path)
    directory.names.set(name, node)
    this.#nameChanges.push({ directory, name, node, ...(from && { from }), isSafe: false })
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#tree
    for (const name of path.slice(this.#root.length).split('/').filter(Boolean))
      node = node?.kind === 'directory' ? node.names.get(name) : undefined
    return node
  }

  #need(path: string): Node {
    const node = this.#find(path)
    if (!node) throw new Error(`the journal uses ${path}, which it did not make`)
    return node
  }

  #directory(path: string): DirectoryNode {
    const node = this.#need(path)
    if (node.kind !== 'directory') throw new Error(`the journal takes ${path} for a directory`)
    return node
  }

  #file(path: string): FileNode {
    const node = this.#need(path)
    if (node.kind !== 'file') throw new Error(`the journal takes ${path} for a file`)
    return node
  }
}

/** Changes in place where it has the room: what is given must be its caller's own. */
function applied(content: Uint8Array, change: Change): Uint8Array {
  if ('truncateTo' in change) return resized(content, change.truncateTo, change.truncateTo)
  const end = change.offset + change.bytes.length
  const grown = end > content.length ? enlarged(content, end) : content
  grown.set(change.bytes, change.offset)
  return grown
}

/** Twice the room, so that a log grows by many writes at the cost of few copies; what lies behind the end is zero. */
function enlarged(content: Uint8Array, length: number): Uint8Array {
  return length <= content.buffer.byteLength
    ? new Uint8Array(content.buffer, 0, length)
    : resized(content, length, 2 * length)
}

function resized(content: Uint8Array, length: number, room: number): Uint8Array {
  const other = new Uint8Array(new ArrayBuffer(room), 0, length)
  other.set(content.subarray(0, length))
  return other
}

function contentOf(
  { safe, unsafe }: FileNode,
  mode: CutMode,
  share: number,
  random: () => number,
): Uint8Array {
  if (mode === 'dropped' || unsafe.length === 0) return safe
  let content = resized(safe, safe.length, safe.length)
  for (const change of unsafe)
    for (const piece of mode === 'kept' ? [change] : piecesOf(change))
      if (mode === 'kept' || random() < share) content = applied(content, piece)
  return content
}

function piecesOf(change: Change): Change[] {
  if ('truncateTo' in change) return [change]
  const pieces: Change[] = []
  for (let at = 0; at < change.bytes.length; ) {
    const offset = change.offset + at
    const end = Math.min(change.bytes.length, at + blockBytes - (offset % blockBytes))
    pieces.push({ offset, bytes: change.bytes.subarray(at, end) })
    at = end
  }
  return pieces
}
