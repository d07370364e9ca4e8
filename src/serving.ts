/** The HTTP side of the composition: what routes and logins are given of the rest. */
import { fileURLToPath } from 'node:url'
import { allowed } from './access.ts'
import { connectionsByDescriptors } from './base/descriptors.ts'
import type { Logs } from './base/log.ts'
import type { Metrics } from './base/metrics.ts'
import type { Care } from './care.ts'
import type { Config } from './config.ts'
import type { Control } from './control/control.ts'
import type { TenantDirectory } from './control/tenant-directory.ts'
import type { Tiers } from './control/tiers.ts'
import { examineMachine } from './doctor-machine.ts'
import { readiness, serverState } from './figures.ts'
import { createApp } from './http/app.ts'
import { Door } from './http/door.ts'
import type { EventStreams } from './http/event-streams.ts'
import { connectionsMax, createHttpServer, type HttpServer } from './http/server.ts'
import { openTracing, type Tracing } from './http/tracing.ts'
import type { Identity } from './identity.ts'
import { acceptedMediaTypes, detectMediaType, formatOfName } from './ingest/media-type.ts'
import type { Chat } from './rag/chat.ts'
import type { RemoteModels } from './rag/remote-models.ts'
import type { Records } from './records.ts'
import type { ExtractorPool } from './threads/extractor-pool.ts'
import type { IngestRunner } from './threads/ingest-runner.ts'
import type { Shards } from './threads/shards.ts'
import { version } from './version.ts'

/** Where `npm start` puts the built web app. */
const webRoot = fileURLToPath(new URL('../web/dist', import.meta.url))

const quietMs = 10_000

interface HttpParts {
  readonly identity: Identity
  readonly tiers: Tiers
  readonly streams: EventStreams
  readonly chat: Chat
  readonly tenants: TenantDirectory
  readonly shards: Shards
  readonly control: Control
  readonly expander: ExtractorPool
  readonly models: RemoteModels
  readonly runner: IngestRunner
  readonly metrics: Metrics
  readonly care: Care
  readonly records: Records
  readonly tracing: Tracing | undefined
}

/** @returns undefined where no collector is named. @param stack sends what waits at a stop */
export async function openTraces(
  { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: name }: Config,
  stack: AsyncDisposableStack,
): Promise<Tracing | undefined> {
  if (endpoint === undefined) return undefined
  const tracing = await openTracing(endpoint, { name, version })
  stack.defer(() => tracing.close())
  return tracing
}

/** A fault that comes a thousand times a second leaves a line now and then. */
function seldom(tell: (error: unknown) => void): (error: unknown) => void {
  let quietUntilMs = 0
  return (error) => {
    if (performance.now() < quietUntilMs) return
    quietUntilMs = performance.now() + quietMs
    tell(error)
  }
}

export function openHttp(config: Config, { log, access }: Logs, parts: HttpParts): HttpServer {
  const { identity, tiers, streams, chat, tenants, shards, control, models } = parts
  const { expander, metrics, care } = parts
  const door = new Door(
    () => shards.isNearlyFull,
    () => metrics.refusedAtDoor.inc(),
  )
  return createHttpServer(
    createApp({
      authenticate: identity.authenticate,
      signIn: identity.signIn,
      users: identity.users,
      streams,
      chat,
      tracing: parts.tracing,
      ...care,
      ...parts.records,
      webhooks: parts.records.notices.webhooks,
      sealing: control.sealing,
      chatKeys: control.chatKeys,
      onQuota: (tenant, quota) => {
        metrics.quotaRefusals.inc({ which: quota.which })
        parts.records.notices.refused(tenant, quota)
      },
      onOverload: (request) => door.refused(request),
      tenantNamed: (user) => care.lifecycle.nameFor(user),
      ...allowed(control, tiers),
      addressRequestsPerMinute: config.ADDRESS_REQUESTS_PER_MINUTE,
      tenants: (principal, trace) => tenants.handle(principal, trace),
      readiness: () => readiness({ shards, control, models, chat, identity }),
      serverState: () => serverState({ shards, control, models, chat, runner: parts.runner }),
      examine: () => examineMachine(config, { isRunning: true }),
      searcher: models.searcher,
      embedder: {
        kind: config.EMBEDDINGS_URL === undefined ? 'builtin' : 'remote',
        faultOf: (tenant) => models.status(tenant)?.lastFault?.kind,
      },
      intake: {
        mediaTypes: { detect: detectMediaType, accepted: acceptedMediaTypes, formatOfName },
        expand: (request) => expander.expand(request),
      },
      fromUrl: config.FROM_URL === 'on' ? {} : undefined,
      registry: metrics.registry,
      log,
      access,
      limits: { fileBytesMax: config.UPLOAD_BYTES_MAX },
      adminToken: config.ADMIN_TOKEN,
      trustProxy: config.TRUST_PROXY,
      publicUrl: config.PUBLIC_URL,
      version,
      webRoot,
    }),
    { connectionsMax: Math.min(connectionsMax, connectionsByDescriptors()) },
    seldom((err) => log.error({ err }, 'a connection could not be taken')),
    door,
  )
}
