/** What `carrel doctor` looks at around the server: who may come in, its port, programs and servers it asks. */
import { createServer } from 'node:net'
import { type Config, hasLogin, isLoopback } from './config.ts'
import type { Machine } from './doctor-checks.ts'
import { type Finding, fault, good, messageOf, warning } from './doctor-finding.ts'
import { openOcr } from './threads/ocr-program.ts'

const fetchMs = 5_000

/** Who may come in, and whether they can be kept out. */
export function checkLogin(config: Config): Finding[] {
  const check = 'login'
  const found: Finding[] = []
  if (!hasLogin(config)) found.push(good(check, 'local mode: one user, this machine alone'))
  else if (config.ADMIN_TOKEN === undefined)
    found.push(
      warning(
        check,
        'Without ADMIN_TOKEN nobody can use /admin/v1 and /metrics from elsewhere.',
        'Set ADMIN_TOKEN to at least 24 bytes.',
      ),
    )
  if (config.JWT_JWKS_URL !== undefined && config.JWT_AUDIENCE === undefined)
    found.push(
      warning(
        check,
        'Any application’s token of this identity provider opens Carrel.',
        'Set JWT_AUDIENCE.',
      ),
    )
  if (
    hasLogin(config) &&
    config.JWT_ISSUER === undefined &&
    config.HEIMDALL_SESSION_SECRET === undefined
  )
    found.push(
      warning(
        check,
        'JWT_ISSUER is not set: users whose tokens name one get directories with hashed names.',
        'Set JWT_ISSUER before the first user comes; afterwards it gives them other directories.',
      ),
    )
  if (
    !isLoopback(config.HOST) &&
    config.TRUST_PROXY === undefined &&
    config.PUBLIC_URL?.startsWith('https:')
  )
    found.push(
      warning(
        check,
        'Behind a proxy all users have its address: limits by address count them together.',
        'Set TRUST_PROXY to the proxy’s address.',
      ),
    )
  return found.length > 0 ? found : [good(check, 'settings of the login')]
}

/** @param isRunning then it is the server that has the port */
export async function checkPort({ HOST, PORT }: Config, isRunning: boolean): Promise<Finding[]> {
  if (isRunning || PORT === 0) return []
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  server.listen(PORT, HOST, () => server.close(() => resolve(undefined)))
  const code = await promise
  if (code === undefined) return [good('port', `${HOST}:${PORT}`)]
  const remedy =
    code === 'EADDRINUSE'
      ? 'Another program listens there: stop it, or set PORT.'
      : 'Set HOST to an address of this machine, and PORT to one this user may use.'
  return [fault('port', `${HOST}:${PORT} cannot be had: ${code}.`, remedy)]
}

export async function checkOcr(
  config: Config,
  { environment }: Pick<Machine, 'environment'>,
): Promise<Finding[]> {
  if (config.OCR === 'off') return []
  try {
    await openOcr(config, environment)
    return [good('ocr', config.OCR_LANGUAGES)]
  } catch (error) {
    const [what = '', ...remedy] = messageOf(error).split(/(?<=[^.]\.) /)
    return [fault('ocr', what, remedy.join(' ') || 'Run `tesseract --list-langs`.')]
  }
}

/** Whether browsers can be sent to the identity provider: what it publishes of itself, and whether it is the one meant. */
export async function checkProvider(
  { OIDC_ISSUER: issuer, JWT_ISSUER, PUBLIC_URL }: Config,
  machine: Pick<Machine, 'fetch'>,
): Promise<Finding[]> {
  if (issuer === undefined) return []
  const check = 'OIDC_ISSUER'
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  let response: Response
  try {
    response = await machine.fetch(address, { signal: AbortSignal.timeout(fetchMs) })
  } catch {
    return [
      fault(
        check,
        `${address} does not answer: nobody new can sign in.`,
        'Is it running, and can this machine reach it? Try it with curl.',
      ),
    ]
  }
  const published = response.ok ? await response.json().catch(() => undefined) : undefined
  const { issuer: name, authorization_endpoint: door } = (published ?? {}) as Record<
    string,
    unknown
  >
  if (typeof name !== 'string' || typeof door !== 'string')
    return [
      fault(
        check,
        `${address} does not say how to sign in (status ${response.status}).`,
        'Set OIDC_ISSUER to the address before /.well-known, as the provider shows it: docs/identity.md has those of Keycloak and Authentik.',
      ),
    ]
  const isSame = (other: string): boolean => URL.parse(other)?.href === URL.parse(name)?.href
  if (!isSame(issuer))
    return [
      fault(check, `The provider calls itself ${name}, not ${issuer}.`, `Set OIDC_ISSUER=${name}`),
    ]
  // Compared by the letter with what tokens say.
  if (JWT_ISSUER !== undefined && JWT_ISSUER !== name && isSame(JWT_ISSUER))
    return [
      warning(
        check,
        `The provider spells itself ${name}, and JWT_ISSUER is ${JWT_ISSUER}: its users get directories with hashed names.`,
        `Set JWT_ISSUER=${name} before the first user comes.`,
      ),
    ]
  return [good(check, `it answers; browsers come back to ${PUBLIC_URL}`)]
}

/** Whether what Carrel asks answers at all; what it answers without a credential says nothing. */
export async function checkNeighbours(
  config: Config,
  machine: Pick<Machine, 'fetch'>,
): Promise<Finding[]> {
  const names = [
    'JWT_JWKS_URL',
    'HEIMDALL_URL',
    'CHAT_URL',
    'EMBEDDINGS_URL',
    'RERANK_URL',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
  ] as const
  const set = names.filter((name) => config[name] !== undefined)
  return Promise.all(
    set.map(async (name) => {
      try {
        const signal = AbortSignal.timeout(fetchMs)
        const response = await machine.fetch(config[name] ?? '', { redirect: 'manual', signal })
        await response.body?.cancel()
        if (name !== 'JWT_JWKS_URL' || response.ok) return good(name, 'it answers')
        return fault(
          name,
          `It answers with ${response.status}.`,
          'Look up `jwks_uri` in the provider’s /.well-known/openid-configuration.',
        )
      } catch {
        const level = name === 'JWT_JWKS_URL' ? fault : warning
        return level(
          name,
          `${config[name]} does not answer.`,
          'Is it running, and can this machine reach it? Try it with curl.',
        )
      }
    }),
  )
}
