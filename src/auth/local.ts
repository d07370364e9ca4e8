/** Local mode: no key, one user, and only for programs and pages on this machine. */
import { Problem } from '../base/problem.ts'
import { localTenant } from '../tenancy/tenant-id.ts'
import { type Prove, recalled } from './authenticator.ts'
import { readCredential } from './credential.ts'
import { type Authenticate, type AuthRequest, ordinaryScopes, type Principal } from './principal.ts'
import { isOwnFetchSite, isOwnOrigin } from './same-origin.ts'

const loopbackHost = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d{1,5})?$/i

/** What a proxy adds. A server without login has no business behind one. */
const proxyHeaders = ['x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'forwarded', 'via']

const principal: Principal = {
  tenant: localTenant,
  userId: 'local',
  subject: localTenant,
  tier: 'local',
  scopes: ordinaryScopes,
  isOwner: true,
  proof: 'local',
}

const bearer = /^bearer /i

/**
 * Lets everybody in who can reach the loopback address, but no web page of another origin: neither by a name that was
 * rebound to this machine (Host), nor across sites (Origin, Sec-Fetch-Site).
 * @param proofs whoever comes with an API key or the operator's token is that, and no more
 */
export function createLocalAuthenticator(proofs: readonly Prove[] = []): Authenticate {
  return async (request) => {
    refuseForeign(request)
    const credential = bearer.test(request.headers.authorization ?? '')
      ? readCredential(request)
      : undefined
    return (credential && recalled(proofs, credential)) ?? principal
  }
}

/** @throws Problem `forbidden` for a request that local mode does not answer, login or not */
export function refuseForeign(request: AuthRequest): void {
  const { host, origin } = request.headers
  if (host === undefined || !loopbackHost.test(host) || isRepeated(request.rawHeaders, 'host'))
    throw new Problem(
      'forbidden',
      'This server has no login and answers only as localhost; for other names start it with JWT_SECRET.',
    )
  if (!isOwnFetchSite(request) || (origin !== undefined && !isOwnOrigin(origin, host)))
    throw new Problem('forbidden', 'This server does not answer other sites’ pages.')
  if (proxyHeaders.some((name) => request.headers[name] !== undefined))
    throw new Problem(
      'forbidden',
      'This server has no login and does not answer through a proxy; start it with JWT_SECRET.',
    )
}

function isRepeated(rawHeaders: readonly string[], name: string): boolean {
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]?.toLowerCase() === name) count++
  return count > 1
}
