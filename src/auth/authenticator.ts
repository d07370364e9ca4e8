/** From a request to its principal: its one credential, asked of each way of proving in turn, and failures counted. */
import { Problem } from '../base/problem.ts'
import type { Attempts } from './attempts.ts'
import { type Credential, type CredentialOptions, readCredential } from './credential.ts'
import type { Authenticate, Principal } from './principal.ts'
import { unverified } from './verify.ts'

/** One way of proving who is calling. Undefined means "not one of mine": the next one is asked. */
export interface Prove {
  /** What needs no work because it is known already. @throws Problem for what is known and no longer counts */
  readonly recall?: (credential: Credential) => Principal | undefined
  readonly prove?: (credential: Credential) => Promise<Principal | undefined>
}

export interface AuthenticatorOptions extends CredentialOptions {
  readonly attempts?: Attempts | undefined
}

/** Reads the request's credential and asks each proof in turn. */
export function createAuthenticator(
  proofs: readonly Prove[],
  options: AuthenticatorOptions = {},
): Authenticate {
  return async (request) => {
    const credential = readCredential(request, options)
    if (!credential)
      throw new Problem(
        'unauthorized',
        'This needs a login: send a token as `Authorization: Bearer <token>`.',
      )
    try {
      return recalled(proofs, credential) ?? (await proven(proofs, credential))
    } catch (error) {
      if (error instanceof Problem && error.code === 'unauthorized')
        options.attempts?.failed(request.ip ?? '')
      throw error
    }
  }
}

/** What every way that needs no work says of a credential. */
export function recalled(proofs: readonly Prove[], credential: Credential): Principal | undefined {
  for (const { recall } of proofs) {
    const principal = recall?.(credential)
    if (principal) return principal
  }
  return undefined
}

async function proven(proofs: readonly Prove[], credential: Credential): Promise<Principal> {
  for (const { prove } of proofs) {
    const principal = await prove?.(credential)
    if (principal) return principal
  }
  throw unverified()
}
