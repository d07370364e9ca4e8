/** Who writes a tenant's answers: the server's model, the same endpoint by the tenant's own key, or nobody, which makes them quotes. */
import { LRUCache } from 'lru-cache'
import type { ChatKeys } from '../control/chat-keys.ts'
import type { TenantHandle } from '../control/tenant-directory.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { ChatModel } from './chat-model.ts'
import { Condenser } from './condense.ts'

export interface Voice {
  /** Without one answers are quotes. */
  readonly model: ChatModel | undefined
  readonly condenser: Condenser | undefined
  /** By the tenant's own key: its cost is not the server's. */
  readonly isOwn: boolean
  /** Why there is no model, for a person. */
  readonly notice: string | null
}

export type OwnKeys = Pick<ChatKeys, 'of'>

/** What is remembered of an endpoint's faults under one key; forgotten, it is found out again. */
const ownMax = 1_000

export class Voices {
  readonly #server: Voice
  readonly #keys: OwnKeys | undefined
  readonly #own = new LRUCache<TenantId, { key: string; name: string; voice: Voice }>({
    max: ownMax,
  })

  /** @param keys only asked where the tier allows one */
  constructor(server?: ChatModel, keys?: OwnKeys) {
    this.#server = server ? voiceOf(server, false) : silent(noModelNotice)
    this.#keys = keys
  }

  /** One line for whoever looks whether the server is ready. */
  get state(): string {
    return this.#server.model?.state ?? noModel
  }

  /** Whether there is an endpoint at all. */
  get hasModel(): boolean {
    return this.#server.model !== undefined
  }

  /** Whether a question of the tenant is answered at the server's cost: not by quotes, nor by a key of its own. */
  isAtServersCost(tenant: Pick<TenantHandle, 'id' | 'limits'>): boolean {
    const { model, isOwn } = this.of(tenant)
    return model !== undefined && !isOwn
  }

  of({ id, limits }: Pick<TenantHandle, 'id' | 'limits'>): Voice {
    const { model } = this.#server
    const own = model && limits.own_chat_key ? this.#keys?.of(id) : undefined
    if (!model || !own) return this.#server
    // Never the server's key in its place: nobody asked its operator to pay.
    if ('fault' in own) return { ...silent(ownKeyNotice), isOwn: true }
    const name = own.model ?? model.name
    const known = this.#own.get(id)
    if (known?.key === own.key && known.name === name) return known.voice
    const voice = voiceOf(model.with({ apiKey: own.key, model: name }), true)
    this.#own.set(id, { key: own.key, name, voice })
    return voice
  }
}

function voiceOf(model: ChatModel, isOwn: boolean): Voice {
  return { model, condenser: new Condenser(model), isOwn, notice: null }
}

function silent(notice: string): Voice {
  return { model: undefined, condenser: undefined, isOwn: false, notice }
}

const noModel =
  'no model: answers are quotes (set CHAT_URL and CHAT_MODEL, for example after `ollama pull qwen3:4b`)'
const noModelNotice =
  'These are the sentences of your library that fit best, in its own words. For a written answer, set CHAT_URL and CHAT_MODEL, for example after `ollama pull qwen3:4b`.'
const ownKeyNotice =
  'Your own chat key does not open on this server any more: set it again, or delete it. Until then answers are quotes.'
