/** Who may come in: every way of proving it that the settings name, put together for the composition root. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createKeyProof } from './auth/api-key.ts'
import { type Attempts, createAttempts } from './auth/attempts.ts'
import { createAuthenticator, type Prove } from './auth/authenticator.ts'
import { Heimdall } from './auth/heimdall.ts'
import { createJwks, type Jwks } from './auth/jwks.ts'
import { createJwtProof } from './auth/jwt.ts'
import { createLocalAuthenticator } from './auth/local.ts'
import { createOperatorProof } from './auth/operator.ts'
import type { Authenticate, Principal } from './auth/principal.ts'
import type { SignIn } from './auth/sign-in.ts'
import { type Config, hasLogin } from './config.ts'
import type { Control } from './control/control.ts'
import type { LinkUsers } from './control/link-users.ts'
import type { Tiers } from './control/tiers.ts'
import { openSignIn } from './sign-in.ts'
import { keySetPath } from './tenancy/layout.ts'

export interface Identity {
  readonly authenticate: Authenticate
  /** What stands outside and may be away without anybody being turned away: `ok` or what is wrong. */
  checks(): Record<string, string>
  readonly keySetFetches: number
  /** Where the settings have a provider or links for the web app. */
  readonly signIn?: SignIn | undefined
  readonly users?: LinkUsers | undefined
}

/** @param onFailure told of a credential that failed; @throws nothing that settings which were checked can cause */
export async function createIdentity(
  config: Config,
  control: Control,
  tiers: Tiers,
  onFailure: (address: string) => void = () => undefined,
): Promise<Identity> {
  const isRevoked = (principal: Principal): boolean => control.revocations.isRevoked(principal)
  const proofs: Prove[] = [
    createKeyProof({
      keys: control.keys,
      tierOf: (tenant) => tiers.tierOf(tenant),
      generationOf: (tenant) => control.tenant(tenant)?.generation,
      isRevoked,
    }),
  ]
  if (config.ADMIN_TOKEN !== undefined) proofs.push(createOperatorProof(config.ADMIN_TOKEN))
  if (!hasLogin(config))
    return {
      authenticate: createLocalAuthenticator(proofs),
      checks: () => ({}),
      keySetFetches: 0,
    }
  const jwks = config.JWT_JWKS_URL === undefined ? undefined : await openKeySet(config)
  const attempts = toldOf(createAttempts(config.ADDRESS_FAILED_LOGINS_PER_MINUTE), onFailure)
  const opened = await openSignIn(config, { control, attempts, isRevoked })
  if (opened) proofs.push(opened.proof)
  proofs.push(tokenProof(config, isRevoked, jwks))
  const authenticate = createAuthenticator(proofs, {
    publicOrigin: config.PUBLIC_URL && new URL(config.PUBLIC_URL).origin,
    loginCookie: opened?.loginCookie,
    attempts,
  })
  const heimdall = openHeimdall(config, control)
  return {
    authenticate: heimdall ? withTier(authenticate, heimdall) : authenticate,
    checks: () => ({
      ...(jwks && { key_set: jwks.status() }),
      ...(heimdall && { heimdall: heimdall.status() }),
      ...opened?.checks(),
    }),
    signIn: opened?.signIn,
    users: opened?.users,
    get keySetFetches() {
      return jwks?.fetches ?? 0
    },
  }
}

/** Whoever keeps records hears of a failure first: the limit answers with a throw. */
function toldOf(attempts: Attempts, onFailure: (address: string) => void): Attempts {
  return {
    failed: (address) => {
      onFailure(address)
      attempts.failed(address)
    },
  }
}

function tokenProof(
  config: Config,
  isRevoked: (principal: Principal) => boolean,
  jwks: Jwks | undefined,
): Prove {
  return createJwtProof({
    secret: config.JWT_SECRET,
    publicKey: config.JWT_PUBLIC_KEY,
    jwks,
    sessionSecret: config.HEIMDALL_SESSION_SECRET,
    sessionSameUsers: config.HEIMDALL_SAME_USERS,
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    userClaim: config.JWT_USER_CLAIM,
    tierClaim: config.JWT_TIER_CLAIM,
    tenantClaim: config.JWT_TENANT_CLAIM,
    adminFromToken: config.JWT_ADMIN,
    isRevoked,
  })
}

async function openKeySet({ JWT_JWKS_URL: url = '', DATA_DIR }: Config): Promise<Jwks> {
  const path = keySetPath(DATA_DIR)
  return createJwks({
    url,
    kept: await readFile(path, 'utf8').catch(() => undefined),
    save: async (text) => {
      await writeFile(`${path}.new`, text, { mode: 0o600 })
      await rename(`${path}.new`, path)
    },
  })
}

function openHeimdall(config: Config, control: Control): Heimdall | undefined {
  if (config.HEIMDALL_URL === undefined) return undefined
  return new Heimdall({
    url: config.HEIMDALL_URL,
    adminToken: config.HEIMDALL_ADMIN_TOKEN ?? '',
    product: config.HEIMDALL_PRODUCT,
    lastTierOf: (tenant) => control.allowances.of(tenant)?.tier,
    isKnown: (tenant) => control.tenant(tenant) !== undefined,
  })
}

/** Heimdall knows the tier of its sessions' users; of nobody else's. */
function withTier(authenticate: Authenticate, heimdall: Heimdall): Authenticate {
  return async (request) => {
    const principal = await authenticate(request)
    if (principal.proof !== 'session') return principal
    const tier = await heimdall.tierOf(principal)
    return tier === principal.tier ? principal : { ...principal, tier }
  }
}
