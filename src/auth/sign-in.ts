/** Signing in and out of the web app: with the identity provider, or with a link that the operator made. */
import { Problem } from '../base/problem.ts'
import type { SignInLink } from '../control/sign-in-links.ts'
import type { Attempts } from './attempts.ts'
import { type CookieNames, cookieValue, setCookie } from './cookies.ts'
import { isFromOwnPages } from './credential.ts'
import type { Provider } from './oidc.ts'
import type { AuthRequest, Principal } from './principal.ts'
import { principalOfSession, type SessionRules } from './session-proof.ts'
import {
  type Login,
  type PendingSignIn,
  pendingS,
  type Session,
  type SessionTokens,
} from './session-token.ts'

export type TakenLink = Pick<SignInLink, 'tenant' | 'userId' | 'createdAtMs'>

export interface SignInOptions {
  readonly tokens: SessionTokens
  readonly rules: SessionRules
  readonly cookies: CookieNames
  readonly publicOrigin: string
  readonly provider?: Provider | undefined
  /** What of an ID token a session has to carry. */
  readonly claimsOf: (claims: Login['claims']) => Login['claims']
  /** Whoever takes a link takes it away: a second time there is none. */
  readonly redeemLink?: ((code: string) => Promise<TakenLink | undefined>) | undefined
  readonly attempts: Attempts
  /** Durable when it resolves. @param expiresAtMs from when on the token counts no more by itself */
  readonly revokeToken: (tokenId: string, expiresAtMs: number) => Promise<void>
}

/** What a browser is told: cookies to set, and where to go on. */
export interface SignInStep {
  readonly cookies: readonly string[]
  readonly location: string
  /** Who signed in, or out; nobody yet at the beginning. */
  readonly principal?: Principal | undefined
}

export class SignIn {
  readonly #options: SignInOptions

  constructor(options: SignInOptions) {
    this.#options = options
  }

  /** The provider's host, for the button; null where there is none. */
  get providerName(): string | null {
    const { rules } = this.#options
    return rules.provider === undefined ? null : new URL(rules.provider).host
  }

  get hasLinks(): boolean {
    return this.#options.redeemLink !== undefined
  }

  /** @param to a path of ours. @throws Problem `not_found` without a provider, `overloaded` while it is away */
  async begin(to: string): Promise<SignInStep> {
    const { tokens, cookies } = this.#options
    const { url, pending } = await this.#provider().begin(to)
    return {
      cookies: [setCookie(cookies.pending, await tokens.seal(pending), pendingS)],
      location: url,
    }
  }

  /**
   * The way back from the provider.
   * @throws Problem `forbidden` when it is not one that this browser began, or does not hold; `overloaded`; `too_many_requests`
   */
  async finish(request: AuthRequest): Promise<SignInStep> {
    const { tokens, cookies, rules, claimsOf } = this.#options
    const provider = this.#provider()
    const { url = '' } = request
    try {
      const pending = await this.#pending(request)
      const at = url.indexOf('?')
      const claims = await provider.finish(at === -1 ? '' : url.slice(at), pending)
      const login = { by: rules.provider ?? '', claims: claimsOf(claims) }
      const { session, principal } = await this.#sessionOf(login)
      const taken = setCookie(cookies.pending, '', 0)
      return {
        cookies: [taken, setCookie(cookies.session, session, tokens.sessionS)],
        location: pending.to,
        principal,
      }
    } catch (error) {
      throw this.#failed(error, request)
    }
  }

  /** @throws Problem `not_found`, `forbidden`, `too_many_requests` */
  async redeem(code: string, request: AuthRequest): Promise<SignInStep> {
    const { tokens, cookies, rules, redeemLink } = this.#options
    if (!redeemLink) throw new Problem('not_found', 'This server makes no sign-in links.')
    this.#refuseForeign(request)
    try {
      const link = await redeemLink(code)
      if (!link) throw refused('the link was used already, was replaced, or is too old')
      const login = { by: 'link', claims: { sub: link.userId } }
      // All that a user had until a moment: links that were made before it, too.
      const made = { ...login, tokenId: '', issuedAtS: link.createdAtMs / 1000, expiresAtS: 0 }
      if (principalOfSession(made, rules).tenant !== link.tenant)
        throw refused('the link was made under other settings')
      const { session, principal } = await this.#sessionOf(login)
      const cookie = setCookie(cookies.session, session, tokens.sessionS)
      return { cookies: [cookie], location: '/', principal }
    } catch (error) {
      throw this.#failed(error, request)
    }
  }

  /** Ends the session that the request brings, if it is a good one, and takes the cookies away. */
  async end(request: AuthRequest): Promise<SignInStep> {
    const { cookies } = this.#options
    this.#refuseForeign(request)
    const token = cookieValue(request.headers.cookie, cookies.session)
    const principal = token === undefined ? undefined : await this.#ended(token)
    const taken = [setCookie(cookies.session, '', 0), setCookie(cookies.pending, '', 0)]
    return { cookies: taken, location: '/', principal }
  }

  /** @returns whose it was; undefined for one that counts no more, or never did */
  async #ended(token: string): Promise<Principal | undefined> {
    const { tokens, rules, revokeToken } = this.#options
    let session: Session
    let principal: Principal
    try {
      session = await tokens.read(token)
      principal = principalOfSession(session, rules)
    } catch (error) {
      if (error instanceof Problem) return undefined
      throw error
    }
    await revokeToken(session.tokenId, session.expiresAtS * 1000)
    return principal
  }

  #provider(): Provider {
    const { provider } = this.#options
    if (!provider)
      throw new Problem('not_found', 'This server has no identity provider to sign in with.')
    return provider
  }

  async #pending({ headers }: AuthRequest): Promise<PendingSignIn> {
    const { tokens, cookies } = this.#options
    const sealed = cookieValue(headers.cookie, cookies.pending)
    if (sealed === undefined) throw refused('this browser did not begin to')
    return tokens.open(sealed)
  }

  /** Whether the claims make somebody is known before they are given a cookie. */
  async #sessionOf(login: Login): Promise<{ session: string; principal: Principal }> {
    const { tokens, rules } = this.#options
    const session = await tokens.sign(login)
    return { session, principal: principalOfSession(await tokens.read(session), rules) }
  }

  #refuseForeign(request: AuthRequest): void {
    const { publicOrigin } = this.#options
    if (!isFromOwnPages(request, { publicOrigin }))
      throw new Problem('forbidden', 'This is for this server’s own pages.')
  }

  /** Counted like any credential that fails. Not 401: there is no token to send instead. */
  #failed(error: unknown, { ip }: AuthRequest): unknown {
    if (!(error instanceof Problem)) return error
    const isTheirs = ['unauthorized', 'token_expired', 'forbidden'].includes(error.code)
    if (!isTheirs) return error
    this.#options.attempts.failed(ip ?? '')
    return error.code === 'forbidden' ? error : refused(error.detail, error)
  }
}

function refused(reason: string, cause?: unknown): Problem {
  return new Problem('forbidden', `You were not signed in: ${reason}`, { cause })
}
