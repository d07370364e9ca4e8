/** The whole HTTP side on one page: what every request passes, and every address there is. */
import express, { type Express, type Request } from 'express'
import type { Registry } from 'prom-client'
import type { Log } from '../base/log.ts'
import type { QuotaShare } from '../base/problem.ts'
import { Searcher } from '../rag/searcher.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import { Admission, type AdmissionOptions } from './admission.ts'
import {
  answerProblems,
  type DispatchOptions,
  dispatch,
  refuseAddress,
  refuseMethod,
} from './dispatch.ts'
import type { EventStreams } from './event-streams.ts'
import { beginExchange, type RequestRecords } from './exchange.ts'
import { HttpMetrics } from './http-metrics.ts'
import type { Intake } from './intake.ts'
import { createJsonReader } from './json-body.ts'
import { type HttpLimits, httpLimits } from './limits.ts'
import { openApi } from './openapi.ts'
import type { Route } from './route.ts'
import { type AccessOptions, accessRoutes } from './routes/access.ts'
import { type AccountOptions, accountRoutes } from './routes/account.ts'
import { type AdminMigrationOptions, adminMigrationRoutes } from './routes/admin-migration.ts'
import { type AdminServerOptions, adminServerRoutes } from './routes/admin-server.ts'
import { type AdminSnapshotsOptions, adminSnapshotRoutes } from './routes/admin-snapshots.ts'
import { type AdminTenantsOptions, adminTenantRoutes } from './routes/admin-tenants.ts'
import { type AdminUsersOptions, adminUserRoutes } from './routes/admin-users.ts'
import { type AuditRouteOptions, auditRoutes } from './routes/audit.ts'
import { type ChatRouteOptions, chatRoutes } from './routes/chat.ts'
import { type ChatKeyRouteOptions, chatKeyRoutes } from './routes/chat-key.ts'
import { conversationRoutes } from './routes/conversations.ts'
import { documentRoutes } from './routes/documents.ts'
import { type ErasureOptions, erasureRoutes } from './routes/erasure.ts'
import { eventRoutes } from './routes/events.ts'
import { type ExportOptions, exportRoutes } from './routes/export.ts'
import { type FromUrl, fromUrlRoutes } from './routes/from-url.ts'
import { type ImportOptions, importRoutes } from './routes/import.ts'
import { adminKeyRoutes, type KeyOptions, keyRoutes } from './routes/keys.ts'
import { mcpRoutes } from './routes/mcp.ts'
import { openAiRoutes } from './routes/openai.ts'
import { readerRoutes } from './routes/reader.ts'
import { type RequestsRouteOptions, requestsRoutes } from './routes/requests.ts'
import { searchRoutes } from './routes/search.ts'
import { type SecretRouteOptions, secretRoutes } from './routes/secrets.ts'
import { type SignInRoutesOptions, signInRoutes } from './routes/sign-in.ts'
import { type SystemOptions, systemRoutes } from './routes/system.ts'
import { uploadRoutes } from './routes/upload.ts'
import { resumableRoutes } from './routes/uploads.ts'
import { type UsageRouteOptions, usageRoutes } from './routes/usage.ts'
import { type WebhookRouteOptions, webhookRoutes } from './routes/webhooks.ts'
import { serveWeb } from './web.ts'

export interface AppOptions
  extends Omit<DispatchOptions, 'readJson' | 'admission'>,
    AccessOptions,
    AccountOptions,
    AdmissionOptions,
    ChatRouteOptions,
    ChatKeyRouteOptions,
    ErasureOptions,
    ExportOptions,
    ImportOptions,
    KeyOptions,
    AdminTenantsOptions,
    AdminMigrationOptions,
    AdminSnapshotsOptions,
    AdminServerOptions,
    UsageRouteOptions,
    AuditRouteOptions,
    RequestsRouteOptions,
    WebhookRouteOptions,
    SecretRouteOptions,
    Pick<RequestRecords, 'requests' | 'tracing'>,
    AdminUsersOptions,
    SignInRoutesOptions,
    Omit<SystemOptions, 'describe'> {
  /** What an uploaded file is, and how an archive is taken apart. */
  readonly intake: Intake
  readonly streams: EventStreams
  /** Where given, files are fetched from web addresses for users. */
  readonly fromUrl?: FromUrl | undefined
  readonly registry: Registry
  readonly log: Log
  /** Where each request leaves its line; `log` when not given. */
  readonly access?: Log | undefined
  readonly limits?: Partial<HttpLimits>
  /** Express's `trust proxy`: addresses, networks or a number of hops. Without it nobody's X-Forwarded-For is believed. */
  readonly trustProxy?: string | undefined
  /** How a search is done; by the built-in embedder alone when not given. */
  readonly searcher?: Pick<Searcher, 'search' | 'searchText'> | undefined
  /** Told when something is refused because a share is used up. */
  readonly onQuota?: ((tenant: TenantId, quota: QuotaShare) => void) | undefined
  /** Told of a request that the server was too busy for. */
  readonly onOverload?: ((request: Pick<Request, 'url' | 'headers'>) => void) | undefined
  readonly version: string
  readonly publicUrl?: string | undefined
  /** The folder of the built web app; without it there is the API alone. */
  readonly webRoot?: string | undefined
}

/** @throws Error when a route is not completely stated: the server does not start */
export function createApp(options: AppOptions): Express {
  const { log, registry } = options
  const limits = httpLimits(options.limits)
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.set('query parser', 'simple')
  app.set('trust proxy', trustedProxies(options.trustProxy))

  const access = options.access ?? log.child({}, { redact: [] })
  app.use(beginExchange(access, new HttpMetrics(registry), limits.lingerMs, options))
  mount(app, routeTable(options, limits), {
    ...options,
    readJson: createJsonReader(limits),
    admission: new Admission(options),
  })
  if (options.webRoot !== undefined) app.use(serveWeb(options.webRoot))
  app.use(refuseAddress)
  app.use(answerProblems(log, options.onQuota, options.onOverload))
  return app
}

/** Every address there is. What is asked for most stands first: express looks from the top. */
export function routeTable(options: AppOptions, limits = httpLimits(options.limits)): Route[] {
  const searcher = options.searcher ?? new Searcher()
  const routes: Route[] = [
    ...searchRoutes(searcher),
    // Before those of one document, whose pattern its address fits as well.
    ...fromUrlRoutes(options.intake, limits, options.fromUrl),
    ...documentRoutes(limits),
    ...readerRoutes(),
    ...uploadRoutes(options.intake, limits),
    ...resumableRoutes(options.intake, limits),
    ...eventRoutes(options.streams),
    ...chatRoutes(options),
    ...conversationRoutes(),
    ...openAiRoutes(options),
    ...mcpRoutes({ ...options, searcher }),
    ...accountRoutes(options),
    ...chatKeyRoutes(options),
    ...keyRoutes(options),
    ...erasureRoutes(options),
    ...exportRoutes(options, limits),
    ...importRoutes(options, limits),
    ...accessRoutes(options),
    ...adminTenantRoutes(options),
    ...adminSnapshotRoutes(options),
    ...adminServerRoutes(options),
    ...adminKeyRoutes(options),
    ...usageRoutes(options),
    ...auditRoutes(options),
    ...requestsRoutes(options),
    ...webhookRoutes(options),
    ...adminMigrationRoutes(options),
    ...adminUserRoutes(options),
    ...signInRoutes(options),
    ...secretRoutes(options),
    ...systemRoutes({ ...options, describe: () => openApi(routes, options) }),
  ]
  return routes
}

/** One entry a path, so that a method it does not have is answered there with those it has. */
function mount(app: Express, routes: readonly Route[], options: DispatchOptions): void {
  for (const [path, there] of Map.groupBy(routes, (route) => route.path)) {
    const entry = app.route(path)
    for (const route of there) entry[route.method](dispatch(route, options))
    const methods = there.map((route) => route.method.toUpperCase())
    if (methods.includes('GET')) methods.push('HEAD')
    entry.all(refuseMethod(path, methods.toSorted()))
  }
}

function trustedProxies(setting: string | undefined): string | number | false {
  if (setting === undefined) return false
  return /^\d+$/.test(setting) ? Number(setting) : setting
}
