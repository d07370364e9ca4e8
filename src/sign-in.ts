/** The web app's own sign-in, as the settings have it: provider, links, session; for the composition root. */
import type { Attempts } from './auth/attempts.ts'
import type { Prove } from './auth/authenticator.ts'
import { type ClaimOptions, claimsInUse } from './auth/claims.ts'
import { cookieNames } from './auth/cookies.ts'
import type { Provider } from './auth/oidc.ts'
import type { Principal } from './auth/principal.ts'
import { createSessionProof } from './auth/session-proof.ts'
import { SessionTokens } from './auth/session-token.ts'
import { SignIn } from './auth/sign-in.ts'
import type { Config } from './config.ts'
import type { Control } from './control/control.ts'
import { LinkUsers } from './control/link-users.ts'
import { keptServerKey, sessionKey } from './control/server-key.ts'

export interface OpenedSignIn {
  readonly signIn: SignIn
  readonly proof: Prove
  readonly loginCookie: string
  readonly users: LinkUsers | undefined
  /** Of the provider; none where there is none. */
  readonly checks: () => Record<string, string>
}

export interface SignInParts {
  readonly control: Control
  readonly attempts: Attempts
  readonly isRevoked: (principal: Principal) => boolean
}

/** A name that no token can give itself: issuers with control characters are refused. */
const linkLabel = '\u0001link'

/** @returns undefined where the settings have neither a provider nor links */
export async function openSignIn(
  config: Config,
  parts: SignInParts,
): Promise<OpenedSignIn | undefined> {
  const { OIDC_ISSUER, PUBLIC_URL = '' } = config
  const hasLinks = config.SIGN_IN_LINKS === 'on'
  if (OIDC_ISSUER === undefined && !hasLinks) return undefined
  const { control, attempts, isRevoked } = parts
  const { origin, protocol } = new URL(PUBLIC_URL)
  const claimOptions: ClaimOptions = {
    userClaim: config.JWT_USER_CLAIM,
    tierClaim: config.JWT_TIER_CLAIM,
    tenantClaim: config.JWT_TENANT_CLAIM,
    adminFromToken: config.JWT_ADMIN,
  }
  const label = hasOtherIssuer(config) ? linkLabel : undefined
  const rules = {
    ...claimOptions,
    ...{ hasLinks, linkLabel: label, isRevoked },
    issuer: config.JWT_ISSUER,
    provider: OIDC_ISSUER,
  }
  const tokens = new SessionTokens(sessionKey(config.DATA_DIR), config.SESSION_HOURS)
  const cookies = cookieNames(protocol === 'https:')
  const provider =
    OIDC_ISSUER === undefined ? undefined : await openProvider(config, OIDC_ISSUER, origin)
  const signIn = new SignIn({
    ...{ tokens, rules, cookies, provider, attempts },
    publicOrigin: origin,
    claimsOf: (claims) => claimsInUse(claims, claimOptions),
    redeemLink: hasLinks ? (code) => control.links.redeem(code, Date.now()) : undefined,
    revokeToken: (name, expiresAtMs) =>
      control.revocations.revoke({ kind: 'token', name, atMs: Date.now(), expiresAtMs }),
  })
  return {
    signIn,
    proof: createSessionProof(tokens, rules),
    loginCookie: cookies.session,
    users: hasLinks ? new LinkUsers({ control, label, publicOrigin: origin }) : undefined,
    checks: () => (provider ? { sign_in: provider.status() } : {}),
  }
}

async function openProvider(config: Config, issuer: string, origin: string): Promise<Provider> {
  // Loaded only where there is one.
  const { Provider } = await import('./auth/oidc.ts')
  return new Provider({
    issuer,
    clientId: config.OIDC_CLIENT_ID ?? '',
    clientSecret: config.OIDC_CLIENT_SECRET,
    scopes: config.OIDC_SCOPES,
    redirectUri: `${origin}/auth/callback`,
  })
}

/** Whether bare names belong to somebody else. The server's own key is the operator's, as links are. */
function hasOtherIssuer(config: Config): boolean {
  const { JWT_PUBLIC_KEY, JWT_JWKS_URL, HEIMDALL_SESSION_SECRET, OIDC_ISSUER, JWT_SECRET } = config
  const others = [JWT_PUBLIC_KEY, JWT_JWKS_URL, HEIMDALL_SESSION_SECRET, OIDC_ISSUER]
  return (
    others.some((one) => one !== undefined) ||
    (JWT_SECRET !== undefined && JWT_SECRET !== keptServerKey(config.DATA_DIR))
  )
}
