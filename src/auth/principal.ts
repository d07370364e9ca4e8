/** Who is calling: the principal, its scopes and tier, and what a way of proving it looks like. */
import type { IncomingMessage } from 'node:http'
import { Problem } from '../base/problem.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

export const scopes = ['read', 'write', 'chat', 'admin'] as const
export type Scope = (typeof scopes)[number]

/** `local` is the one user of a server without login; no token gives it. */
export type Tier = 'free' | 'paid' | 'premium' | 'ultra' | 'local'

/** How a principal proved itself. */
export type Proof = 'jwt' | 'session' | 'local'

export interface Principal {
  readonly tenant: TenantId
  readonly userId: string
  readonly tier: Tier
  readonly scopes: ReadonlySet<Scope>
  readonly proof: Proof
  /** The token's `jti`, where it has one. */
  readonly tokenId?: string
  /** The token's `iat` in milliseconds, where it has one: what a "not before" is compared with. */
  readonly issuedAtMs?: number
}

/** What authentication looks at. Node's own request is one. */
export type AuthRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'rawHeaders'>

/** @throws Problem `unauthorized`, `token_expired`, `forbidden`, or `invalid_request` for a request that contradicts itself */
export type Authenticate = (request: AuthRequest) => Promise<Principal>

/** What everybody may do who was not told otherwise. `admin` is never among it. */
export const ordinaryScopes: ReadonlySet<Scope> = new Set<Scope>(['read', 'write', 'chat'])

/** @throws Problem `forbidden`, naming the scope that is missing */
export function requireScope(principal: Principal, scope: Scope): void {
  if (!principal.scopes.has(scope))
    throw new Problem('forbidden', `This needs the scope \`${scope}\`, which the credential lacks.`)
}
