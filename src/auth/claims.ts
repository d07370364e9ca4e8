/** From the claims of a verified token to a principal: which claim names the user, which the tier, which the scopes. */
import { Problem } from '../base/problem.ts'
import type { Tier } from '../control/limits.ts'
import { groupTenantOf, type TenantId, tenantOf } from '../tenancy/tenant-id.ts'
import { ordinaryScopes, type Principal, type Proof, type Scope } from './principal.ts'

export type Claims = Readonly<Record<string, unknown>>

export interface ClaimOptions {
  /** The claim that names the user; without it `user_id`, `sub` or `id`, which must agree where more than one is there. */
  readonly userClaim?: string | undefined
  /** The claim that names the tier; without it `tier` or `plan`. */
  readonly tierClaim?: string | undefined
  /** Whether a token may give `admin`. Off unless the operator says so: whoever signs tokens then rules the server. */
  readonly adminFromToken?: boolean | undefined
  /** The claim that names a group whose library the user shares; a token without it has the user's own. */
  readonly tenantClaim?: string | undefined
}

/** What the token's source says of it, beside its claims. */
export interface Origin {
  readonly proof: Proof
  /** For ids that are not the configured issuer's: they are hashed together with it. */
  readonly issuer?: string | undefined
}

const roleScopes: Readonly<Record<string, readonly Scope[]>> = {
  viewer: ['read', 'chat'],
  editor: ['read', 'write', 'chat'],
  owner: ['read', 'write', 'chat'],
}

const userClaims = ['user_id', 'sub', 'id']
const tierClaims = ['tier', 'plan']
const tokenTiers: ReadonlySet<string> = new Set<Tier>(['free', 'paid', 'premium', 'ultra'])
const tokenScopes: ReadonlySet<string> = new Set<Scope>(['read', 'write', 'chat'])

/**
 * @param claims of a token whose signature and times are already verified
 * @throws Problem `unauthorized`, saying which claim is at fault
 */
export function principalOf(claims: Claims, origin: Origin, options: ClaimOptions): Principal {
  const userId = userOf(claims, options)
  const subject = tenantOf(userId, origin.issuer)
  if (subject === undefined)
    throw new Problem(
      'unauthorized',
      'The token’s user id cannot be used: it has to be 1 to 255 bytes of text without control characters.',
    )
  const group = groupOf(claims, origin, options)
  const scopes = scopesOf(claims, options)
  const tokenId = own(claims, 'jti')
  const issuedAt = own(claims, 'iat')
  return {
    tenant: group?.tenant ?? subject,
    userId,
    subject,
    tier: tierOf(claims, options),
    scopes: group ? within(scopes, group.role) : scopes,
    isOwner: group === undefined || group.role === 'owner',
    proof: origin.proof,
    ...(typeof tokenId === 'string' && { tokenId }),
    ...(typeof issuedAt === 'number' && { issuedAtMs: issuedAt * 1000 }),
  }
}

function groupOf(
  claims: Claims,
  { issuer }: Origin,
  { tenantClaim }: ClaimOptions,
): { tenant: TenantId; role: string } | undefined {
  const group = tenantClaim === undefined ? undefined : own(claims, tenantClaim)
  if (group === undefined) return undefined
  const tenant = typeof group === 'string' ? groupTenantOf(group, issuer) : undefined
  if (tenant === undefined)
    throw new Problem(
      'unauthorized',
      `The token’s \`${tenantClaim}\` cannot be used: it has to be 1 to 255 bytes of text without control characters.`,
    )
  const role = own(claims, 'role')
  if (typeof role !== 'string' || !Object.hasOwn(roleScopes, role))
    throw new Problem(
      'unauthorized',
      'The token names a group, and its `role` is none of `viewer`, `editor` and `owner`.',
    )
  return { tenant, role }
}

/** A role gives no more than the token's own scopes do. `admin` has nothing to do with a library. */
function within(scopes: ReadonlySet<Scope>, role: string): ReadonlySet<Scope> {
  const given = roleScopes[role] ?? []
  return new Set([...scopes].filter((scope) => scope === 'admin' || given.includes(scope)))
}

function userOf(claims: Claims, { userClaim }: ClaimOptions): string {
  const names = userClaim === undefined ? userClaims : [userClaim]
  const present = names.filter((name) => own(claims, name) !== undefined)
  const [first] = present
  if (first === undefined)
    throw new Problem(
      'unauthorized',
      `The token names no user: it has no \`${names.join('`, `')}\`.`,
    )
  const values = present.map((name) => own(claims, name))
  const [userId] = values
  if (typeof userId !== 'string' || values.some((value) => typeof value !== 'string'))
    throw new Problem('unauthorized', 'The token’s user id is not text.')
  if (values.some((value) => value !== userId))
    throw new Problem(
      'unauthorized',
      `The token names different users in \`${present.join('` and `')}\`; JWT_USER_CLAIM has to say which one counts.`,
    )
  return userId
}

function tierOf(claims: Claims, { tierClaim }: ClaimOptions): Tier {
  const names = tierClaim === undefined ? tierClaims : [tierClaim]
  const name = names.find((candidate) => own(claims, candidate) !== undefined)
  const value = name === undefined ? undefined : own(claims, name)
  return isTokenTier(value) ? value : 'free'
}

function isTokenTier(value: unknown): value is Tier {
  return typeof value === 'string' && tokenTiers.has(value)
}

/** No claim gives the ordinary scopes; a claim gives what it names and we know, be it nothing. `scope` comes before `scopes`. */
function scopesOf(claims: Claims, { adminFromToken }: ClaimOptions): ReadonlySet<Scope> {
  const claim = own(claims, 'scope') ?? own(claims, 'scopes')
  if (claim === undefined) return ordinaryScopes
  const words = typeof claim === 'string' ? claim.split(' ') : claim
  if (!Array.isArray(words))
    throw new Problem('unauthorized', 'The token’s scopes are neither text nor a list of texts.')
  const isGiven = (word: unknown): word is Scope =>
    typeof word === 'string' &&
    (tokenScopes.has(word) || (word === 'admin' && adminFromToken === true))
  return new Set(words.filter(isGiven))
}

/** The claims that `principalOf` may look at, and no more: what a session has to carry of a token. */
export function claimsInUse(claims: Claims, options: ClaimOptions): Claims {
  const { userClaim, tierClaim, tenantClaim } = options
  const names = [
    ...(userClaim === undefined ? userClaims : [userClaim]),
    ...(tierClaim === undefined ? tierClaims : [tierClaim]),
    ...(tenantClaim === undefined ? [] : [tenantClaim, 'role']),
    ...['iss', 'scope', 'scopes'],
  ]
  return Object.fromEntries(
    names.flatMap((name) => (own(claims, name) === undefined ? [] : [[name, own(claims, name)]])),
  )
}

/** Never a property of Object’s own, whatever the operator called the claim. */
function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}
