/** An OpenID Connect provider on loopback: discovery, authorization, tokens, keys; and what a bad one does. */
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SignJWT } from 'jose'

const key = generateKeyPairSync('rsa', { modulusLength: 2048 })
const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 })

export type Fault =
  | 'nonce'
  | 'issuer'
  | 'audience'
  | 'signature'
  | 'expired'
  | 'hang'
  | 'html'
  | 'huge'
  | 'error'
  | 'redirect'

export class FakeProvider {
  readonly url: string
  readonly clientId = 'carrel'
  /** What the next ID token says beside the usual. */
  claims: Record<string, unknown> = { sub: 'alice' }
  /** Of the token endpoint, and with `discovery` of the published document instead. */
  fault: Fault | undefined
  discoveryFault: Fault | undefined
  discoveries = 0
  readonly #server: Server
  readonly #codes = new Map<string, URLSearchParams>()

  private constructor(server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('request', (request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error))
    })
  }

  static async start(): Promise<FakeProvider> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new FakeProvider(server)
  }

  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  /** What a person does at the provider. @returns the query that their browser comes back with */
  authorize(address: string): string {
    const asked = new URL(address).searchParams
    const code = randomUUID()
    this.#codes.set(code, asked)
    return `?${new URLSearchParams({ code, state: asked.get('state') ?? '', iss: this.url })}`
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    switch (request.url) {
      case '/.well-known/openid-configuration':
        this.discoveries++
        return send(response, this.discoveryFault, {
          issuer: this.discoveryFault === 'issuer' ? 'https://evil.example' : this.url,
          authorization_endpoint: `${this.url}/authorize`,
          token_endpoint: `${this.url}/token`,
          jwks_uri: `${this.url}/jwks`,
          authorization_response_iss_parameter_supported: true,
        })
      case '/jwks':
        return send(response, undefined, {
          keys: [{ ...key.publicKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }],
        })
      default:
        return send(response, this.fault, ...(await this.#token(await text(request))))
    }
  }

  async #token(body: string): Promise<[unknown, number]> {
    const given = new URLSearchParams(body)
    const code = given.get('code') ?? ''
    const asked = this.#codes.get(code)
    this.#codes.delete(code)
    const challenge = createHash('sha256').update(given.get('code_verifier') ?? '')
    const isGood =
      asked?.get('code_challenge') === challenge.digest('base64url') &&
      asked.get('redirect_uri') === given.get('redirect_uri')
    if (!isGood || this.fault === 'expired') return [{ error: 'invalid_grant' }, 400]
    const { fault } = this
    const now = Math.floor(Date.now() / 1000)
    const token = await new SignJWT({
      iss: fault === 'issuer' ? 'https://evil.example' : this.url,
      aud: fault === 'audience' ? 'somebody else' : this.clientId,
      nonce: fault === 'nonce' ? 'another' : asked.get('nonce'),
      iat: now,
      exp: now + 60,
      ...this.claims,
    })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(fault === 'signature' ? otherKey.privateKey : key.privateKey)
    return [{ access_token: 'a', token_type: 'Bearer', id_token: token }, 200]
  }
}

function send(response: ServerResponse, fault: Fault | undefined, body: unknown, status = 200) {
  if (fault === 'hang') return
  if (fault === 'error') {
    response.writeHead(503).end()
    return
  }
  if (fault === 'redirect') {
    response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()
    return
  }
  const type = fault === 'html' ? 'text/html' : 'application/json'
  response.writeHead(status, { 'content-type': type })
  if (fault === 'html') response.end('<!doctype html><title>Down</title>')
  else if (fault === 'huge') response.end(`"${'x'.repeat(300 * 1024)}"`)
  else response.end(JSON.stringify(body))
}
