/** What a request leaves in the audit: by its route's word, with ids that the server made and nothing that a caller wrote. */
import type { Request } from 'express'
import type { Principal } from '../auth/principal.ts'
import type { Actor } from '../control/audit.ts'
import type { AuditAction } from '../control/audit-actions.ts'
import type { Audited, AuditTrail } from '../control/audit-trail.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { Exchange } from './exchange.ts'
import { asProblem } from './problem.ts'
import type { Route } from './route.ts'

export interface AuditingOptions {
  readonly audit: Pick<AuditTrail, 'write' | 'note' | 'noteRefusal' | 'check'>
  /** The directory of a user that an operator names; undefined where nobody can be called so. */
  readonly tenantNamed: (user: string) => TenantId | undefined
  readonly generationOf: (tenant: TenantId) => string | undefined
}

/** `doc_` and 26 characters, 32 hex digits, a snapshot's time, a generation. */
const ownId = /^(?:[a-z]{2,8}_[a-z2-7]{26}|[0-9a-f]{32}|\d{8}T\d{9}Z)$/
/** A ZIP becomes so many documents at most. */
const targetsMax = 1_000
/** Only with what came of it: a piece of an upload is none. */
const needTarget: ReadonlySet<AuditAction> = new Set<AuditAction>(['document.upload'])

/** Before what cannot be undone: durable, or it does not begin. @throws Problem */
export async function auditBegin(
  { audit, tenantNamed, generationOf }: AuditingOptions,
  route: Route,
  request: Request,
  exchange: Exchange,
): Promise<void> {
  if (!route.audit || !route.isAuditedFirst) return
  const place = placeOf(route.audit, request, exchange, tenantNamed)
  // The library's life, which the receipt names too: afterwards nothing else says whose row this was.
  const life = place.tenant && generationOf(place.tenant)
  if (life) exchange.targets.push(life)
  await audit.write({ ...place, target: life ?? null, outcome: 'begun' })
}

/** When it is done: durable before the answer is sent, where the route has not sent it itself. */
export async function auditDone(
  { audit, tenantNamed }: AuditingOptions,
  route: Route,
  request: Request,
  exchange: Exchange,
  result: unknown,
): Promise<void> {
  // Signing in and out: of nobody there is nothing to write down.
  if (!route.audit || (route.scope === 'public' && !exchange.principal)) return
  const named = exchange.targets.length > 0 ? exchange.targets : idsOf(result)
  if (named.length === 0 && needTarget.has(route.audit)) return
  const targets = named.length > 0 ? named : idOfAddress(request)
  const place = placeOf(route.audit, request, exchange, tenantNamed)
  const rows = targets.length > 0 ? targets.slice(0, targetsMax) : [null]
  await Promise.all(rows.map((target) => audit.note({ ...place, target, outcome: 'ok' })))
}

/** When it was refused or failed, once it was known who asked. */
export async function auditRefused(
  { audit, tenantNamed }: AuditingOptions,
  route: Route,
  request: Request,
  exchange: Exchange,
  error: unknown,
): Promise<void> {
  if (!route.audit || !exchange.isAdmitted) return
  const [target = null] = idOfAddress(request)
  const place = placeOf(route.audit, request, exchange, tenantNamed)
  await audit.noteRefusal({ ...place, target, outcome: asProblem(error).code })
}

function placeOf(
  action: AuditAction,
  request: Request,
  { principal }: Exchange,
  tenantNamed: AuditingOptions['tenantNamed'],
): Omit<Audited, 'target' | 'outcome'> {
  const user = request.params['user_id']
  const named = typeof user === 'string' ? tenantNamed(user) : undefined
  const isOperator = request.path.startsWith('/admin/')
  return {
    action,
    tenant: isOperator ? (named ?? null) : (principal?.tenant ?? null),
    actor: actorOf(principal, isOperator),
    via: principal?.key ? `key:${principal.key.id}` : (principal?.proof ?? 'operator'),
    address: request.ip ?? null,
  }
}

function actorOf(principal: Principal | undefined, isOperator: boolean): Actor {
  if (!principal || principal.proof === 'operator') return { kind: 'operator' }
  return { kind: 'user', name: principal.userId, isOperator }
}

function idsOf(result: unknown): string[] {
  const { id, name, generation, documents } = (result ?? {}) as Record<string, unknown>
  const many = Array.isArray(documents) ? documents.map((one: { id?: unknown }) => one.id) : []
  return [...many, id ?? name ?? generation].filter(isOwnId)
}

function idOfAddress({ params }: Request): string[] {
  return [params['id'] ?? params['name']].filter(isOwnId).slice(0, 1)
}

function isOwnId(value: unknown): value is string {
  return typeof value === 'string' && ownId.test(value)
}
