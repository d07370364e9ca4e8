/** The control plane on the main thread: read from memory, written through its own thread in group commits. */
import { secretsKeyPath } from '../tenancy/layout.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { Allowances } from './allowances.ts'
import { ApiKeys } from './api-keys.ts'
import type { AuditChange } from './audit.ts'
import { ChatKeys } from './chat-keys.ts'
import type { QueryArgs, QueryName, QueryResult } from './control-queries.ts'
import type { ControlContents, ControlWorkerData } from './control-worker.ts'
import { ControlWriter } from './control-writer.ts'
import type { EmbedderRecord } from './embedders.ts'
import { FleetRecords } from './fleet-records.ts'
import type { Tier } from './limits.ts'
import { Revocations } from './revocations.ts'
import { Sealing } from './sealing.ts'
import { type GivenKeys, SecretKeys } from './secret-keys.ts'
import { SignInLinks } from './sign-in-links.ts'
import { type Deletion, type TenantState, tenantHash } from './tenant-states.ts'
import type { ControlChange, TenantRecord } from './tenants.ts'
import type { UsageChange } from './usage.ts'
import { type WebhookChange, Webhooks } from './webhooks.ts'

export class Control {
  readonly keys: ApiKeys
  readonly revocations: Revocations
  readonly allowances: Allowances
  readonly webhooks: Webhooks
  readonly fleet: FleetRecords
  readonly links: SignInLinks
  readonly chatKeys: ChatKeys
  /** What was counted of the day on which it was opened. */
  readonly chatTokens: ControlContents['chatTokens']
  readonly sealing: Sealing
  readonly #writer: ControlWriter
  readonly #tenants: Map<TenantId, TenantRecord>
  readonly #states: Map<TenantId, TenantState>
  /** By the hash of the tenant's name. */
  readonly #deletions: Map<string, Deletion[]>
  readonly #embedders: Map<string, EmbedderRecord>

  private constructor(writer: ControlWriter, contents: ControlContents, keys: SecretKeys) {
    this.#writer = writer
    this.chatTokens = contents.chatTokens
    this.#tenants = new Map(contents.tenants.map((tenant) => [tenant.id, tenant]))
    this.#states = new Map(contents.states)
    this.#deletions = Map.groupBy(contents.deletions, (deletion) => deletion.tenantHash)
    this.#embedders = new Map(
      contents.embedders.map((embedder) => [embedder.fingerprint, embedder]),
    )
    const write = (change: ControlChange): Promise<void> => this.#change(change)
    this.keys = new ApiKeys(contents.keys, write)
    this.revocations = new Revocations(contents.revocations, write)
    this.allowances = new Allowances(contents.allowances, write)
    this.fleet = new FleetRecords(contents.fleet, write)
    this.links = new SignInLinks(contents.links, write)
    const { secrets } = keys
    this.webhooks = new Webhooks(contents.webhooks, write, secrets)
    this.chatKeys = new ChatKeys({
      ...{ all: contents.chatKeys, secrets, write },
      isThere: (tenant) => this.#tenants.has(tenant),
    })
    this.sealing = new Sealing({
      ...{ keys, write },
      rows: () => this.ask('secrets.rows', null),
      onResealed: ({ purpose, owner, sealed, was }) => {
        if (purpose === 'webhook') this.webhooks.resealed(owner, sealed, was)
        else this.chatKeys.resealed(owner as TenantId, sealed, was)
      },
    })
  }

  /**
   * Starts the thread, opens and migrates control.db and reads it into memory.
   * @param given the operator's own keys for secrets; without them one is kept beside the file
   * @throws when it cannot be opened; StartError when its keys cannot be read
   */
  static async open(
    path: string,
    requests?: ControlWorkerData['requests'],
    given?: GivenKeys,
  ): Promise<Control> {
    const keys = new SecretKeys(secretsKeyPath(path), given)
    const { writer, contents } = await ControlWriter.open({ path, requests })
    return new Control(writer, contents, keys)
  }

  tenant(id: TenantId): TenantRecord | undefined {
    return this.#tenants.get(id)
  }

  tenants(): Iterable<TenantRecord> {
    return this.#tenants.values()
  }

  /** What holds the tenant back; undefined for an active one. */
  state(id: TenantId): TenantState | undefined {
    return this.#states.get(id)
  }

  states(): IteratorObject<[TenantId, TenantState]> {
    return this.#states.entries()
  }

  /** The earlier lives of this name. */
  deletionsOf(id: TenantId): readonly Deletion[] {
    return this.#deletions.size === 0 ? [] : (this.#deletions.get(tenantHash(id)) ?? [])
  }

  /** Why nothing can be written any more, or undefined. */
  get fault(): string | undefined {
    return this.#writer.fault
  }

  get tenantCount(): number {
    return this.#tenants.size
  }

  /** Resolves once durable. A new tenant starts with its hint set: its first open may leave a log. */
  async addTenant(tenant: {
    id: TenantId
    userId: string
    generation: string
    atMs: number
  }): Promise<TenantRecord> {
    await this.#change({ kind: 'tenant_added', ...tenant })
    const record = {
      id: tenant.id,
      userId: tenant.userId,
      generation: tenant.generation,
      hint: true,
      createdAt: tenant.atMs,
    }
    this.#tenants.set(tenant.id, record)
    return record
  }

  /**
   * Sets or clears "may have a log or unfinished work". Setting resolves once durable; memory says so only then.
   * Clearing changes memory at once, so that a write that follows sets it again, behind the clearing in the queue.
   */
  async setHint(id: TenantId, hint: boolean): Promise<void> {
    const record = this.#tenants.get(id)
    if (!record || record.hint === hint) return
    if (!hint) this.#tenants.set(id, { ...record, hint })
    await this.#change({ kind: 'hint', id, hint })
    if (hint) this.#tenants.set(id, { ...record, hint })
  }

  /** Says what holds a tenant back, or with `null` that nothing does. Resolves once durable; memory says so only then. */
  async setState(id: TenantId, state: TenantState | null): Promise<void> {
    await this.#change({ kind: 'state', id, state })
    this.#remember(id, state)
  }

  /** The beginning of a deletion: the fence and the "not before", in one transaction. */
  async beginDeletion(id: TenantId, state: TenantState, deletion: Deletion): Promise<void> {
    await this.#change({
      kind: 'all',
      changes: [
        { kind: 'state', id, state },
        { kind: 'deletion', ...deletion },
      ],
    })
    this.#remember(id, state)
    const others = this.deletionsOf(id).filter(
      ({ generation }) => generation !== deletion.generation,
    )
    this.#deletions.set(deletion.tenantHash, [...others, deletion])
  }

  /** The end of one: nobody is left, but for the hash of the receipt. */
  async endDeletion(id: TenantId, generation: string, sha256: string): Promise<void> {
    await this.#change({
      kind: 'all',
      changes: [
        // First: it looks up who the tenant was.
        { kind: 'audit_names_removed', tenant: id },
        { kind: 'tenant_removed', id },
        { kind: 'keys_removed', tenant: id },
        { kind: 'allowance_removed', tenant: id },
        { kind: 'usage_removed', tenant: id },
        { kind: 'webhook_tenant_removed', tenant: id },
        { kind: 'migrated_removed', tenant: id },
        { kind: 'link_removed', tenant: id },
        { kind: 'chat_key_removed', tenant: id },
        { kind: 'state', id, state: null },
        { kind: 'receipt', generation, sha256 },
      ],
    })
    this.#tenants.delete(id)
    this.#states.delete(id)
    this.keys.forget(id)
    this.allowances.forget(id)
    this.links.forget(id)
    this.chatKeys.forget(id)
  }

  /** Notes the tier that a login said; of somebody who was deleted, or is being, nothing is written down again. */
  noteTier(id: TenantId, tier: Tier): void {
    const isGone = !this.#tenants.has(id) || this.#states.has(id)
    if (isGone && this.deletionsOf(id).length > 0) return
    this.allowances.noteTier(id, tier)
  }

  /** A directory was put in place: its tenant has a new life, and nothing holds it back. */
  async tenantReplaced(tenant: {
    id: TenantId
    userId: string
    generation: string
    atMs: number
  }): Promise<void> {
    const { id, userId, generation } = tenant
    await this.#change({
      kind: 'all',
      changes: [
        { kind: 'tenant_added', ...tenant },
        { kind: 'state', id, state: null },
      ],
    })
    const createdAt = this.#tenants.get(id)?.createdAt ?? tenant.atMs
    this.#tenants.set(id, { id, userId, generation, hint: true, createdAt })
    this.#states.delete(id)
  }

  /** Resolves once durable; a batch of its own or with others. For records that nothing in memory follows. */
  record(change: UsageChange | AuditChange | WebhookChange): Promise<void> {
    return this.#change(change)
  }

  /** Writes lines of the request log; resolves when they are in its file, before the disk has them. */
  writeRequests(lines: string): Promise<void> {
    return this.#change({ kind: 'lines', lines })
  }

  /** Sees every change that was durable when it was asked. @throws Problem */
  ask<Name extends QueryName>(name: Name, args: QueryArgs<Name>): Promise<QueryResult<Name>> {
    return this.#writer.ask(name, args)
  }

  /** Writes a whole, compact copy of control.db to a path where nothing is. */
  copyTo(path: string): Promise<void> {
    return this.#change({ kind: 'copy', to: path })
  }

  /** Spaces of remote models that this server has met. */
  get embedders(): ReadonlyMap<string, EmbedderRecord> {
    return this.#embedders
  }

  /** Resolves once durable; memory says so at once. */
  async addEmbedder(embedder: EmbedderRecord, atMs: number): Promise<void> {
    this.#embedders.set(embedder.fingerprint, embedder)
    await this.#change({ kind: 'embedder_found', ...embedder, atMs })
  }

  /** Writes what waits, folds the log and ends the thread. */
  close(): Promise<void> {
    return this.#writer.close()
  }

  #remember(id: TenantId, state: TenantState | null): void {
    if (state) this.#states.set(id, state)
    else this.#states.delete(id)
  }

  #change(change: Parameters<ControlWriter['change']>[0]): Promise<void> {
    return this.#writer.change(change)
  }
}
