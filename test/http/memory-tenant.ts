/** A tenant in memory, with a real directory for uploads. */
import { createHash, randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomId } from '../../src/base/ids.ts'
import { JsonText } from '../../src/base/json-text.ts'
import { Problem } from '../../src/base/problem.ts'
import { DocumentEvents } from '../../src/control/document-events.ts'
import type { Limits } from '../../src/control/limits.ts'
import { PartialUploads } from '../../src/control/partial-uploads.ts'
import type { TenantHandle } from '../../src/control/tenant-directory.ts'
import { tiersDefault } from '../../src/control/tiers.ts'
import type { UploadFile } from '../../src/control/upload-file.ts'
import type { DocumentView } from '../../src/library/documents.ts'
import { partialPath, uploadsDirectory } from '../../src/tenancy/layout.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import type { OperationName, Operations } from '../../src/threads/operations.ts'

/** One tenant's library. What it cannot do is left to the real one. */
export class MemoryTenant {
  readonly id: TenantId
  readonly events = new DocumentEvents()
  readonly directory = mkdtempSync(join(tmpdir(), 'carrel-http-'))
  readonly documents = new Map<string, DocumentView & { extension: string }>()
  readonly calls: { name: string; args: unknown }[] = []
  /** Asked before each operation: throw to fail it. */
  before: (name: string, args: unknown) => void | Promise<void> = () => undefined
  /** Originals handed out and not closed again. */
  readonly originalsOpen = new Set<number>()

  uploadsReleased = 0
  readonly partialUploads = new PartialUploads({
    dataDir: join(this.directory, 'data'),
    expiryMs: 3_600_000,
    bytesMax: 100_000,
    admit: async () => undefined,
  })
  limits: Limits = tiersDefault.local
  /** Bytes set aside for uploads under way. */
  reserved = 0

  constructor(id: TenantId) {
    this.id = id
    mkdirSync(uploadsDirectory(join(this.directory, 'data', id)), { recursive: true })
  }

  uploads(): string[] {
    return readdirSync(this.directory).filter((name) => name.endsWith('.upload'))
  }

  handle(): TenantHandle {
    return {
      id: this.id,
      tier: this.id === 'local' ? 'local' : 'free',
      limits: this.limits,
      reserve: async (bytes) => {
        await this.before('reserve', bytes)
        this.reserved += bytes
        return {
          release: () => {
            this.reserved -= bytes
          },
        }
      },
      call: async <Name extends OperationName>(name: Name, args: Operations[Name]['args']) => {
        this.calls.push({ name, args })
        await this.before(name, args)
        return structuredClone(await this.#run(name, args)) as Operations[Name]['result']
      },
      callText: async (name, args) => {
        this.calls.push({ name, args })
        await this.before(name, args)
        return new JsonText(JSON.stringify(await this.#run(name, args)))
      },
      events: this.events.of(this.id),
      openUpload: () => this.#openUpload(),
      parts: this.partialUploads.of(this.id),
      takePart: (id) => this.#takePart(id),
      openReceived: (name) => open(join(this.directory, `${name}.upload`)),
      openOriginal: (sha256, extension) => this.#openOriginal(sha256, extension),
    }
  }

  // biome-ignore lint/suspicious/noExplicitAny: the fake answers every operation's arguments
  async #run(name: OperationName, args: any): Promise<unknown> {
    switch (name) {
      case 'account.show':
        return {
          documents: this.documents.size,
          bytes: this.#bytes(),
          passages: 0,
          database_bytes: 0,
          pages_per_day: 0,
          vectors: { searched: null, pending: 0 },
        }
      case 'documents.create':
        return this.#create(args)
      case 'documents.list':
        return {
          items: [...this.documents.values()].map(view).slice(0, args.limit),
          next_cursor: null,
        }
      case 'documents.get':
      case 'documents.reprocess':
      case 'documents.cancel':
        return view(this.#find(args.id))
      case 'documents.update':
        Object.assign(this.#find(args.id), { title: args.title, tags: args.tags })
        return view(this.#find(args.id))
      case 'documents.delete':
        this.documents.delete(this.#find(args.id).id)
        return null
      case 'documents.original': {
        const { sha256, extension, media_type, filename, bytes } = this.#find(args.id)
        return { sha256, extension, media_type, filename, bytes }
      }
      case 'documents.page':
        this.#find(args.id)
        return { page: args.number, label: null, text: 'a page' }
      case 'documents.thumbnail':
        this.#find(args.id)
        return { sha256: 'f'.repeat(64), png: Buffer.from('a picture') }
      case 'documents.contents':
      case 'documents.report':
        this.#find(args.id)
        return { report: null, items: [], next_cursor: null }
      case 'search':
        return { hits: [], mode: args.mode, corrected: [] }
      default:
        throw new Error(`the fake has no ${name}`)
    }
  }

  #bytes(): number {
    return this.documents.values().reduce((sum, document) => sum + document.bytes, 0)
  }

  #find(id: string): DocumentView & { extension: string } {
    const document = this.documents.get(id)
    if (!document) throw new Problem('not_found', 'There is no such document in your library.')
    return document
  }

  async #create(args: Operations['documents.create']['args']): Promise<DocumentView> {
    const same = this.documents.values().find(({ sha256 }) => sha256 === args.sha256)
    if (same) return view(same)
    const path = join(this.directory, `${args.uploadName}.upload`)
    const content = await readFile(path)
    if (createHash('sha256').update(content).digest('hex') !== args.sha256)
      throw new Error('the hash is not that of the file')
    await rename(path, join(this.directory, `${args.sha256}.${args.extension}`))
    const now = '2026-11-21T00:00:00.000Z'
    const document = {
      id: randomId('doc'),
      title: args.title ?? args.filename,
      filename: args.filename,
      media_type: args.mediaType,
      extension: args.extension,
      bytes: args.bytes,
      sha256: args.sha256,
      language: null,
      pages: null,
      passages: 0,
      tags: args.tags,
      status: 'queued' as const,
      progress: {
        phase: 'waiting' as const,
        pages_done: 0,
        pages_total: null,
        fraction: 0,
        seconds_left: null,
      },
      error: null,
      report: null,
      created_at: now,
      updated_at: now,
    }
    this.documents.set(document.id, document)
    return view(document)
  }

  async #openUpload(): Promise<UploadFile> {
    await this.before('openUpload', null)
    await mkdir(this.directory, { recursive: true })
    const name = randomBytes(16).toString('hex')
    const path = join(this.directory, `${name}.upload`)
    const handle = await open(path, 'wx', 0o600)
    return {
      name,
      handle,
      release: async () => {
        this.uploadsReleased++
        await handle.close().catch(() => undefined)
        await rm(path, { force: true })
      },
    }
  }

  async #takePart(id: string): Promise<UploadFile> {
    const name = randomBytes(16).toString('hex')
    const path = join(this.directory, `${name}.upload`)
    await link(partialPath(join(this.directory, 'data', this.id), id), path)
    const handle = await open(path)
    return {
      name,
      handle,
      release: async () => {
        await handle.close()
        await rm(path, { force: true })
      },
    }
  }

  async #openOriginal(sha256: string, extension: string) {
    const handle = await open(join(this.directory, `${sha256}.${extension}`))
    const { fd } = handle
    this.originalsOpen.add(fd)
    const closing: unknown = handle
    if (closing instanceof EventEmitter) closing.once('close', () => this.originalsOpen.delete(fd))
    return handle
  }
}

function view({ extension: _, ...document }: DocumentView & { extension: string }): DocumentView {
  return document
}
