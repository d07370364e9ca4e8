/** What a power cut left, opened: by the parts of Carrel that open and recover files, or by a whole server. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createLog } from '../../src/base/log.ts'
import { openDb } from '../../src/base/sqlite.ts'
import { readConfig } from '../../src/config.ts'
import { createContext } from '../../src/context.ts'
import { readApiKeys } from '../../src/control/api-keys.ts'
import { PartFiles } from '../../src/control/partial-files.ts'
import { controlApplicationId, controlMigrations } from '../../src/control/schema.ts'
import { readStates } from '../../src/control/tenant-states.ts'
import { readTenants } from '../../src/control/tenants.ts'
import { conversationRow, hasConversation } from '../../src/library/conversations.ts'
import { listDocuments } from '../../src/library/documents.ts'
import {
  controlDbPath,
  serverDirectory,
  tenantDirectory,
  tenantSnapshots,
} from '../../src/tenancy/layout.ts'
import { closeStore, openStore, type Store } from '../../src/tenancy/store.ts'
import type { TenantId } from '../../src/tenancy/tenant-id.ts'
import { createShardContext } from '../../src/threads/context.ts'
import { recover } from '../../src/threads/ingest-operations.ts'
import type { After, AfterDocument } from './ledger.ts'
import { adminToken, secret, tokenOf } from './noted-client.ts'

/** Settings of every server of the torture. */
export const settings = {
  JWT_SECRET: secret,
  ADMIN_TOKEN: adminToken,
  POOL_IDLE_MS: '300',
  SHARDS: '1',
  SNAPSHOT_KEEP: 'last=1000',
}

const ranking = { k1: 1.2, b: 0.75, titleWeight: 1, sectionWeight: 1, keywordShare: 0.7 }
const answerMsMax = 60_000
const pageLimit = 100

type Work = (after: After) => Promise<void>

/** As a start does it: control.db, then each library that it has a hint of, or does not know, is recovered when it is opened. */
export async function openedByStores(dataDir: string, work: Work): Promise<void> {
  mkdirSync(serverDirectory(dataDir), { recursive: true })
  const control = openDb(controlDbPath(dataDir), {
    mode: 'open-or-create',
    synchronous: 'FULL',
    applicationId: controlApplicationId,
    migrations: controlMigrations,
  })
  const tenants = new Map<string, ReturnType<typeof readTenants>[number]>(
    readTenants(control).map((record) => [record.id, record]),
  )
  const states = new Map<string, ReturnType<typeof readStates>[number][1]>(readStates(control))
  const keys = readApiKeys(control)
  const context = createShardContext(ranking, 0)
  const stores = new Map<string, Store>()
  const storeOf = (user: string): Store | undefined => {
    const found = stores.get(user)
    const record = tenants.get(user)
    if (found || (!record && !existsSync(tenantDirectory(dataDir, user as TenantId)))) return found
    const expected = { generation: record?.generation, create: false }
    const store = openStore(dataDir, user as TenantId, expected)
    stores.set(user, store)
    if (!record || record.hint) recover(context, store)
    return store
  }
  try {
    await work({
      dataDir,
      documentsOf: async (user) => {
        const store = storeOf(user)
        return byId((cursor) =>
          store ? listDocuments(store.app, { limit: pageLimit, cursor }) : none,
        )
      },
      messagesOf: async (user, id) => {
        const app = storeOf(user)?.app
        return app && hasConversation(app, id) ? conversationRow(app, id).messages : undefined
      },
      isKey: async (_user, id) => keys.some((key) => key.id === id),
      stateOf: async (user) =>
        tenants.has(user) ? (states.get(user)?.state ?? 'active') : undefined,
      snapshotsOf: async (user) =>
        namesIn(tenantSnapshots(join(serverDirectory(dataDir), 'snapshots'), user as TenantId)),
      offsetOf: async (user, id) => {
        const part = await new PartFiles(tenantDirectory(dataDir, user as TenantId)).find(id)
        return part?.offset
      },
    })
  } finally {
    for (const store of stores.values()) closeStore(store)
    control.checkpoint()
    control.close()
  }
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : []
}

const none = { items: [], next_cursor: null }

/** The server in this process, over HTTP. */
export async function openedByServer(dataDir: string, work: Work): Promise<void> {
  const config = readConfig({ ...settings, DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'silent' })
  const log = createLog('silent')
  await using context = await createContext(config, { log, access: log, flush: () => undefined })
  const { url } = await context.listen()
  const ask = async (token: string, path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(url + path, {
      ...init,
      headers: { authorization: `Bearer ${token}`, 'Tus-Resumable': '1.0.0' },
      signal: AbortSignal.timeout(answerMsMax),
    })
    // An account that left is refused, a library that is suspended too.
    if (response.ok || [401, 403, 404].includes(response.status)) return response
    throw new Error(`${path}: ${response.status} ${await response.text()}`)
  }
  const operator = (path: string): Promise<Response> => ask(adminToken, `/admin/v1/tenants/${path}`)
  await work({
    dataDir,
    documentsOf: async (user) => {
      const token = await tokenOf(user)
      return byId(async (cursor) => {
        const more = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
        const response = await ask(token, `/v1/documents?limit=${pageLimit}${more}`)
        if (response.ok) return (await response.json()) as Page
        throw new Error(`the documents of ${user}: ${response.status} ${await response.text()}`)
      })
    },
    messagesOf: async (user, id) => {
      const response = await ask(await tokenOf(user), `/v1/conversations/${id}`)
      return response.ok ? ((await response.json()) as { messages: number }).messages : undefined
    },
    isKey: async (_user, _id, token) => (await ask(token, '/v1/me')).ok,
    stateOf: async (user) => {
      const response = await operator(user)
      return response.ok ? ((await response.json()) as { state: string }).state : undefined
    },
    snapshotsOf: async (user) => {
      const response = await operator(`${user}/snapshots`)
      const { items = [] } = (await response.json()) as { items?: { name: string }[] }
      return items.map(({ name }) => name)
    },
    offsetOf: async (user, id) => {
      const response = await ask(await tokenOf(user), `/v1/uploads/${id}`, { method: 'HEAD' })
      return response.ok ? Number(response.headers.get('upload-offset')) : undefined
    },
  })
}

interface Page {
  readonly items: readonly AfterDocument[]
  readonly next_cursor: string | null
}

async function byId(
  page: (cursor: string | null) => Page | Promise<Page>,
): Promise<ReadonlyMap<string, AfterDocument>> {
  const all = new Map<string, AfterDocument>()
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const { items, next_cursor }: Page = await page(cursor ?? null)
    for (const document of items) all.set(document.id, document)
    cursor = next_cursor
  }
  return all
}
