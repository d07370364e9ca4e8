/** The identity provider of the web app's sign-in: authorization code with PKCE, by OpenID Connect discovery. */
import * as client from 'openid-client'
import { Problem } from '../base/problem.ts'
import { isIssuerName } from '../tenancy/tenant-id.ts'
import type { Claims } from './claims.ts'
import { AnswerTooLarge, boundedFetch } from './fetch-bounded.ts'
import type { PendingSignIn } from './session-token.ts'
import { clockToleranceS } from './verify.ts'

/** What the provider published is asked for again after so long. */
const freshMs = 10 * 60_000
/** After a failure nobody asks again sooner. */
const retryMs = 5_000
const timeoutMsDefault = 5_000
const answerBytesMax = 256 * 1024
/** Codes being exchanged at once; a provider that hangs must not gather more. */
const exchangesMax = 64

export interface ProviderOptions {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret?: string | undefined
  readonly scopes: string
  /** Where the provider sends people back to. */
  readonly redirectUri: string
  /** For one answer, to its last byte. */
  readonly timeoutMs?: number
  readonly nowMs?: () => number
}

export class Provider {
  readonly #options: ProviderOptions
  readonly #fetch: client.CustomFetch
  #found: { readonly config: client.Configuration; readonly atMs: number } | undefined
  #finding: Promise<client.Configuration> | undefined
  #failedAtMs = Number.NEGATIVE_INFINITY
  #fault: string | undefined
  #exchanges = 0

  constructor(options: ProviderOptions) {
    this.#options = options
    const { timeoutMs = timeoutMsDefault } = options
    const bounded = boundedFetch(fetch, { timeoutMs, bytesMax: answerBytesMax })
    this.#fetch = (url, { body, method, headers }) =>
      bounded(url, { method, headers, body: (body ?? null) as BodyInit | null })
  }

  /** `ok`, also before anybody asked for it, or why it could not be asked the last time. */
  status(): string {
    return this.#fault ?? 'ok'
  }

  /** @returns where to send the browser, and what has to be remembered. @throws Problem `overloaded` while the provider is away */
  async begin(to: string): Promise<{ url: string; pending: PendingSignIn }> {
    const config = await this.#configuration()
    const { redirectUri, scopes } = this.#options
    const pending = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
      to,
    }
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: scopes,
      response_type: 'code',
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
    })
    return { url: url.href, pending }
  }

  /**
   * Exchanges the code for an ID token and verifies it: signature, issuer, audience, times, nonce.
   * @param search of the address that the provider sent the browser to
   * @throws Problem `forbidden` when it does not hold, `overloaded` while the provider is away
   */
  async finish(search: string, { state, nonce, verifier }: PendingSignIn): Promise<Claims> {
    const config = await this.#configuration()
    if (this.#exchanges >= exchangesMax) throw away('is busy', 1)
    this.#exchanges++
    try {
      const tokens = await client.authorizationCodeGrant(
        config,
        new URL(search, this.#options.redirectUri),
        { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce },
      )
      this.#fault = undefined
      const claims = tokens.claims()
      if (!claims || !isIssuerName(claims.iss)) throw refused('the ID token names no issuer')
      return claims
    } catch (error) {
      throw this.#problemOf(error)
    } finally {
      this.#exchanges--
    }
  }

  async #configuration(): Promise<client.Configuration> {
    const { nowMs = Date.now } = this.#options
    if (this.#found && nowMs() - this.#found.atMs < freshMs) return this.#found.config
    if (nowMs() - this.#failedAtMs < retryMs) throw away(this.#fault ?? '', retryMs / 1000)
    this.#finding ??= this.#find().finally(() => {
      this.#finding = undefined
    })
    return this.#finding
  }

  async #find(): Promise<client.Configuration> {
    const { issuer, clientId, clientSecret, nowMs = Date.now } = this.#options
    const isHttp = issuer.startsWith('http:')
    try {
      const config = await client.discovery(
        new URL(issuer),
        clientId,
        { [client.clockTolerance]: clockToleranceS },
        clientSecret === undefined ? client.None() : secretAuth(clientSecret),
        {
          [client.customFetch]: this.#fetch,
          execute: [
            // The signature as well, though the token comes from the provider itself: a proxy may stand between.
            client.enableNonRepudiationChecks,
            // The settings allow it on this machine alone.
            ...(isHttp ? [client.allowInsecureRequests] : []),
          ],
        },
      )
      this.#fault = undefined
      this.#found = { config, atMs: nowMs() }
      return config
    } catch (error) {
      this.#failedAtMs = nowMs()
      this.#fault = `OIDC_ISSUER: ${reasonOf(error)}`
      throw away(this.#fault, retryMs / 1000, error)
    }
  }

  /** The provider said no, or what it said does not hold: for the person to try again. All else is an outage. */
  #problemOf(error: unknown): Problem {
    if (error instanceof Problem) return error
    if (error instanceof client.AuthorizationResponseError)
      return refused(`the identity provider said \`${word(error.error)}\``, error)
    if (error instanceof client.ResponseBodyError && error.status < 500)
      return refused(`the identity provider did not take the code: \`${word(error.error)}\``, error)
    if (isTheirFault(error)) {
      this.#fault = `OIDC_ISSUER: ${reasonOf(error)}`
      return away(this.#fault, retryMs / 1000, error)
    }
    return refused('what came back does not belong to this sign-in', error)
  }
}

/** As the provider says it wants it; `client_secret_basic` where it says nothing (OpenID Connect Discovery, section 3). */
function secretAuth(secret: string): client.ClientAuth {
  const post = client.ClientSecretPost(secret)
  const basic = client.ClientSecretBasic(secret)
  return (server, ...rest) => {
    const methods = server.token_endpoint_auth_methods_supported ?? []
    const isPost =
      methods.includes('client_secret_post') && !methods.includes('client_secret_basic')
    return (isPost ? post : basic)(server, ...rest)
  }
}

/** No answer, one that is too long, and one that is not of the protocol. What the library has no code for came from the network. */
function isTheirFault(error: unknown): boolean {
  if (!(error instanceof client.ClientError) || error.code === undefined) return true
  return /^OAUTH_(?:PARSE_ERROR|RESPONSE_IS_NOT_|TIMEOUT|ABORT)/.test(error.code)
}

/** In a few words; the whole is the problem's cause, which the log has. */
function reasonOf(error: unknown): string {
  const { code, cause, message } = (error ?? {}) as client.ClientError
  if (code === 'OAUTH_TIMEOUT') return 'it did not answer in time'
  if (code !== undefined) return `its answer cannot be used (${message})`
  return cause instanceof AnswerTooLarge ? cause.message : 'it could not be reached'
}

/** Error codes are words; what is no word is anybody's text. */
function word(text: string): string {
  return /^[\w.-]{1,64}$/.test(text) ? text : 'an error'
}

function away(reason: string, retryAfterS: number, cause?: unknown): Problem {
  const detail = 'The identity provider cannot be asked just now: try again in a moment.'
  return new Problem('overloaded', detail, { retryAfterS, cause: cause ?? reason })
}

function refused(reason: string, cause?: unknown): Problem {
  return new Problem('forbidden', `You were not signed in: ${reason}. Start again.`, { cause })
}
