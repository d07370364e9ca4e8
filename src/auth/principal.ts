/** Who is calling: the principal, its scopes and tier, and what a way of proving it looks like. */
import type { IncomingMessage } from 'node:http'
import { Problem } from '../base/problem.ts'
import type { Tier } from '../control/limits.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'

export const scopes = ['read', 'write', 'chat', 'admin'] as const
export type Scope = (typeof scopes)[number]

/** How a principal proved itself. `login` is our own session; `operator` is the ADMIN_TOKEN: it has no library. */
export type Proof = 'jwt' | 'session' | 'login' | 'local' | 'key' | 'operator'

export interface Principal {
  readonly tenant: TenantId
  readonly userId: string
  /** The user's own name among all issuers: what a revocation by user says. The tenant, but in a group. */
  readonly subject: TenantId
  readonly tier: Tier
  readonly scopes: ReadonlySet<Scope>
  /** Whether the library is theirs to give keys to, take away and delete: not a group's reader, not a key. */
  readonly isOwner: boolean
  readonly proof: Proof
  /** The token's `jti`, where it has one. */
  readonly tokenId?: string
  /** When the credential was issued, in milliseconds: what a "not before" is compared with. */
  readonly issuedAtMs?: number
  /** With an API key: which one, and how often it may be used. */
  readonly key?: { readonly id: string; readonly requestsPerMinute: number | null }
}

/** What authentication looks at. Node's own request is one; `ip` is what the framework makes of it behind a proxy. */
export type AuthRequest = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'rawHeaders'> & {
  readonly ip?: string | undefined
}

/** @throws Problem `unauthorized`, `token_expired`, `forbidden`, or `invalid_request` for a request that contradicts itself */
export type Authenticate = (request: AuthRequest) => Promise<Principal>

/** What everybody may do who was not told otherwise. `admin` is never among it. */
export const ordinaryScopes: ReadonlySet<Scope> = new Set<Scope>(['read', 'write', 'chat'])

/** @throws Problem `forbidden`, naming the scope that is missing */
export function requireScope(principal: Principal, scope: Scope): void {
  if (!principal.scopes.has(scope))
    throw new Problem('forbidden', `This needs the scope \`${scope}\`, which the credential lacks.`)
}

/** @throws Problem `forbidden` */
export function requireOwner(principal: Principal): void {
  if (!principal.isOwner)
    throw new Problem(
      'forbidden',
      principal.proof === 'key'
        ? 'This needs a login of the library’s owner: an API key is not enough.'
        : 'This is for the owner of the library.',
    )
}
