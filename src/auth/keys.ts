/** Keys that verify tokens: each bound to the algorithms of its kind (RFC 8725, section 3.1), wherever it came from. */
import {
  createHash,
  createPublicKey,
  createSecretKey,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'

/** RFC 7518, section 3.2: a key at least as long as the hash. */
const secretBytesMin = 32
const rsaBitsMin = 2048
/** Larger ones only cost time: a key set that lies could make every verification slow. */
const rsaBitsMax = 8192
/** With 1 anybody signs: the signature is the padded hash itself. */
const rsaExponentMin = 3n
const rsaExponentMax = 2n ** 64n

export interface VerificationKey {
  readonly key: KeyObject
  /** The only algorithms it verifies: a public key never an HMAC, a secret nothing else. */
  readonly algorithms: readonly string[]
  readonly kid?: string | undefined
  /** Names the key itself: the same key in a later set is the same. */
  readonly id: string
}

export interface TokenHeader {
  readonly alg: string
  readonly kid: string | undefined
}

/** Where keys come from. Nothing but `alg` and `kid` of a token's header is ever looked at, and `kid` is only compared. */
export interface KeySource {
  /** @returns keys to try; none when the token is not signed by one of these. @throws Problem when that cannot be told now */
  find(header: TokenHeader): readonly VerificationKey[] | Promise<readonly VerificationKey[]>
  /** Whether a token that was verified with this key still counts. */
  isCurrent(key: VerificationKey): boolean
}

/** @returns what is wrong with a signing secret, or undefined when it is long enough */
export function secretFault(secret: string | Uint8Array): string | undefined {
  return Buffer.byteLength(secret) < secretBytesMin
    ? `needs at least ${secretBytesMin} bytes (RFC 7518, section 3.2)`
    : undefined
}

/** A shared secret verifies HS256. @throws Error when it is too short */
export function secretKey(secret: string | Uint8Array): VerificationKey {
  const fault = secretFault(secret)
  if (fault !== undefined) throw new Error(`The secret ${fault}.`)
  const key = createSecretKey(Buffer.from(secret))
  return { key, algorithms: ['HS256'], id: idOf(key.export()) }
}

/**
 * Reads a public key: PEM (line ends may be written `\n`) or a JWK in JSON.
 * @throws Error that says what is wrong with it
 */
export function publicKey(text: string): VerificationKey {
  const trimmed = text.trim()
  if (trimmed.startsWith('{')) {
    const jwk = parseJson(trimmed)
    const found = keyOfJwk(jwk)
    if (typeof found === 'string') throw new Error(found)
    return found
  }
  const pem = trimmed.replaceAll('\\n', '\n')
  if (/PRIVATE KEY-----/.test(pem)) throw new Error('is a private key: give the public one')
  let key: KeyObject
  try {
    key = createPublicKey(pem)
  } catch {
    throw new Error('is neither a public key in PEM nor a JWK')
  }
  const algorithms = algorithmsOf(key)
  if (typeof algorithms === 'string') throw new Error(algorithms)
  return { key, algorithms, id: idOf(key.export({ type: 'spki', format: 'der' })) }
}

/**
 * Reads one JWK of anybody's: `alg`, `use` and `key_ops` may narrow what it verifies, and nothing widens it.
 * @returns the key, or why it is not one that verifies tokens
 */
export function keyOfJwk(jwk: unknown): VerificationKey | string {
  if (typeof jwk !== 'object' || jwk === null) return 'is not a JWK'
  const { kty, kid, alg, use, key_ops: operations, d } = jwk as Record<string, unknown>
  if (kty === 'oct') return 'is a shared secret: those are not public'
  if (d !== undefined) return 'is a private key: give the public one'
  if (use !== undefined && use !== 'sig') return 'is not for signatures'
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return 'is not for verifying'
  let key: KeyObject
  try {
    key = createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
  } catch {
    return 'is not a public JWK'
  }
  const possible = algorithmsOf(key)
  if (typeof possible === 'string') return possible
  const algorithms = alg === undefined ? possible : possible.filter((one) => one === alg)
  if (algorithms.length === 0) return 'is for an algorithm that is not accepted'
  const id = idOf(key.export({ type: 'spki', format: 'der' })) + algorithms.join()
  return { key, algorithms, id, kid: typeof kid === 'string' ? kid : undefined }
}

/** Keys that stay as they are: a secret, a public key. */
export function fixedKeys(keys: readonly VerificationKey[]): KeySource {
  return {
    find: (header) => keysFor(keys, header),
    isCurrent: () => true,
  }
}

/** Those of the keys that may have signed a token with this header. A `kid` that only one side has decides nothing. */
export function keysFor(
  keys: readonly VerificationKey[],
  { alg, kid }: TokenHeader,
): readonly VerificationKey[] {
  return keys.filter(
    (key) =>
      key.algorithms.includes(alg) &&
      (kid === undefined || key.kid === undefined || key.kid === kid),
  )
}

function algorithmsOf(key: KeyObject): readonly string[] | string {
  const { modulusLength = 0, publicExponent = 0n, namedCurve } = key.asymmetricKeyDetails ?? {}
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss':
      if (modulusLength < rsaBitsMin) return `is an RSA key of less than ${rsaBitsMin} bits`
      if (modulusLength > rsaBitsMax) return `is an RSA key of more than ${rsaBitsMax} bits`
      if (publicExponent < rsaExponentMin || publicExponent > rsaExponentMax)
        return `is an RSA key with the exponent ${String(publicExponent).slice(0, 20)}`
      return key.asymmetricKeyType === 'rsa' ? ['RS256', 'PS256'] : ['PS256']
    case 'ec':
      return namedCurve === 'prime256v1' ? ['ES256'] : 'is of a curve other than P-256'
    case 'ed25519':
      return ['EdDSA', 'Ed25519']
    default:
      return 'is of a kind that is not accepted: RSA, P-256 and Ed25519 are'
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('is neither a public key in PEM nor a JWK')
  }
}

function idOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url')
}
