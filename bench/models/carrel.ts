/** Carrel's own stores in their shards, as the server composes them, without HTTP and without the reader processes. */
import { join } from 'node:path'
import { Control } from '../../src/control/control.ts'
import { DocumentEvents } from '../../src/control/document-events.ts'
import { Fences } from '../../src/control/fences.ts'
import { Fleet } from '../../src/control/fleet.ts'
import { Lifecycle } from '../../src/control/lifecycle.ts'
import { PartialUploads } from '../../src/control/partial-uploads.ts'
import { Snapshots } from '../../src/control/snapshots.ts'
import { TenantDirectory, type TenantHandle } from '../../src/control/tenant-directory.ts'
import { Tiers } from '../../src/control/tiers.ts'
import { controlDbPath } from '../../src/tenancy/layout.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { queueLimits } from '../../src/threads/call-queue.ts'
import { CopyThreads } from '../../src/threads/copy-threads.ts'
import type { Operations } from '../../src/threads/operations.ts'
import { Shards } from '../../src/threads/shards.ts'
import { bytesUnder } from '../fleet/commands.ts'
import { userAt } from '../fleet/tenants.ts'
import type { Asked, Model } from './contract.ts'
import { type Paper, pagesOf } from './shelves.ts'

const pageSize = 50
const hits = 10
const poolMax = 256
const drainMs = 10_000
const migrationsAtOnce = 4
const ranking = { k1: 1.2, b: 0.75, titleWeight: 1.5, sectionWeight: 1.25, keywordShare: 0.7 }

type View = Operations['documents.get']['result']

export class CarrelModel implements Model {
  readonly name = 'carrel'
  readonly pid = undefined
  readonly #dataDir: string
  readonly #control: Control
  readonly #shards: Shards
  readonly #parts: PartialUploads
  readonly #tenants: TenantDirectory
  readonly #lifecycle: Lifecycle
  readonly #copies = new CopyThreads()
  readonly #snapshots: Snapshots
  readonly #fleet: Fleet
  /** What was brought and not read yet, by its hash. */
  readonly #unread = new Map<string, { paper: Paper; read: PromiseWithResolvers<View> }>()

  constructor(dataDir: string, control: Control, shards: number) {
    this.#dataDir = dataDir
    this.#control = control
    const fences = new Fences(control)
    const tiers = new Tiers(control.allowances)
    this.#shards = openShards(dataDir, shards, (closed) => this.#tenants.storeClosed(closed))
    const admit = async (tenant: TenantId): Promise<void> => {
      await control.setHint(tenant, true)
    }
    this.#parts = new PartialUploads({ dataDir, expiryMs: 3_600_000, bytesMax: 2 ** 30, admit })
    const ignore = (): void => undefined
    const held = { dataDir, snapshotsDir: join(dataDir, '.carrel', 'snapshots'), control, fences }
    this.#tenants = new TenantDirectory({
      ...{ ...held, tiers, shards: this.#shards, parts: this.#parts },
      ...{ events: new DocumentEvents(), onJob: ignore, onJobsEnded: ignore },
    })
    const parts = { ...held, shards: this.#shards, tenants: this.#tenants }
    this.#lifecycle = new Lifecycle({ ...parts, onJob: ignore })
    const copying = { ...parts, lifecycle: this.#lifecycle, copies: this.#copies, version: 'bench' }
    this.#snapshots = new Snapshots({
      ...copying,
      policy: { last: 1, hourly: 0, daily: 0, weekly: 0, monthly: 0 },
      everyMs: 0,
      ofControl: { look: async () => undefined },
      onScheduled: ignore,
    })
    const onFailed = (_: TenantId, error: unknown): void => {
      throw error
    }
    this.#fleet = new Fleet({ ...copying, onFailed })
  }

  static async open(dataDir: string, shards: number): Promise<CarrelModel> {
    return new CarrelModel(dataDir, await Control.open(controlDbPath(dataDir)), shards)
  }

  async ask({ request, tenant, documentId, words, paper }: Asked): Promise<string> {
    const handle = await this.#handle(tenant)
    switch (request) {
      case 'get':
        return (await handle.callText('documents.get', { id: documentId })).text
      case 'list':
        return (await handle.callText('documents.list', { limit: pageSize, cursor: null })).text
      case 'search': {
        const asked = { query: words.join(' '), mode: 'keyword', limit: hits } as const
        return (await handle.callText('search', { ...asked, filter: {}, explain: false })).text
      }
      case 'insert':
      case 'upload':
        return JSON.stringify(await this.add(handle, paper))
    }
  }

  /** The original received and synced, the row and the job, the text and its index, and its publication. */
  async add(handle: TenantHandle, paper: Paper): Promise<View> {
    const upload = await handle.openUpload()
    const read = Promise.withResolvers<View>()
    try {
      await upload.handle.write(paper.original)
      await upload.handle.sync()
      this.#unread.set(paper.sha256, { paper, read })
      const { title, filename, sha256, original } = paper
      await handle.call('documents.create', {
        ...{ title, filename, sha256, bytes: original.length, tags: [], uploadName: upload.name },
        ...{ mediaType: 'text/plain', extension: 'txt' },
      })
    } finally {
      await upload.release()
    }
    await this.#readOne(handle)
    return read.promise
  }

  /** As the runner does, with the pages at hand. It may be another's document: then somebody else reads this one. */
  async #readOne(handle: TenantHandle): Promise<void> {
    const job = await handle.call('ingest.claim', { bytesMax: null, isOldestFirst: true })
    const entry = this.#unread.get(job?.sha256 ?? '')
    if (!job || !entry) throw new Error('a document that nobody brought is to be read')
    const { title, passages, report } = entry.paper
    const pages = pagesOf(passages)
    const drafts = passages.map((text, at) => {
      const spans = [{ page: at + 1, start: 0, end: text.length, at: 0 }]
      return { section: [], text, spans, language: 'en' }
    })
    const done = { pagesDone: pages.length, pagesTotal: pages.length }
    await handle.call('ingest.append', { job, batch: { title, pages, passages: drafts, ...done } })
    const counted = { pages: pages.length, passages: drafts.length, title, language: 'en' }
    const summary = { ...counted, outline: [], report }
    const view = await handle.call('ingest.finish', { job, summary })
    this.#unread.delete(job.sha256)
    if (view) entry.read.resolve(view)
    else entry.read.reject(new Error('the document was not read'))
  }

  async backup(tenant: number): Promise<void> {
    await this.#snapshots.create(userAt(tenant) as TenantId)
  }

  async restore(tenant: number): Promise<void> {
    const id = userAt(tenant) as TenantId
    const [newest] = this.#snapshots.list(id)
    await this.#snapshots.restoreNamed(id, newest?.name ?? '', undefined, true)
    // A request waits for this too, whoever asks first.
    await this.#tenants.recovered(id)
  }

  async remove(tenant: number): Promise<void> {
    await this.#lifecycle.delete(userAt(tenant) as TenantId)
  }

  async migrate(): Promise<void> {
    const wanted = { share: 1, concurrency: migrationsAtOnce, hasSnapshots: false }
    await this.#fleet.begin(wanted)
    await this.#fleet.settled()
    const { failed, migrated, libraries } = this.#fleet.status()
    if (failed > 0 || migrated !== libraries) throw new Error('not all libraries were migrated')
  }

  async bytes(): Promise<number> {
    return bytesUnder(this.#dataDir)
  }

  async #handle(tenant: number): Promise<TenantHandle> {
    const user = userAt(tenant)
    return this.#tenants.handle({ tenant: user as TenantId, userId: user, tier: 'ultra' })
  }

  /** Brings a document to a library, which is made when it is the first. */
  async bring(tenant: number, paper: Paper): Promise<View> {
    return this.add(await this.#handle(tenant), paper)
  }

  async close(): Promise<void> {
    await this.#lifecycle.close()
    await this.#fleet.close()
    await this.#snapshots.close()
    await this.#copies.close()
    this.#tenants.stopRecovering()
    this.#parts.close()
    await this.#shards.close(drainMs)
    await this.#control.close()
  }
}

function openShards(
  dataDir: string,
  count: number,
  onClosed: (closed: Parameters<TenantDirectory['storeClosed']>[0]) => void,
): Shards {
  return new Shards({
    count,
    limits: queueLimits,
    worker: {
      ...{ dataDir, storesMax: poolMax, idleMs: 60_000, ranking },
      ...{ vectorCacheBytesMax: 64 * 2 ** 20, embedder: 'builtin' },
    },
    onClosed: (closed) => closed.forEach(onClosed),
    onDeath: (error) => {
      throw error
    },
    onFault: (operation, stack) => {
      throw new Error(`${operation}: ${stack}`)
    },
  })
}
