/** Secrets at rest: sealed by AES-256-GCM for the place they stand in, so that one that is moved elsewhere does not open. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

export const rootBytes = 32
const nonceBytes = 12
const tagBytes = 16
const idBytes = 6
const prefix = 'sealed1'
const algorithm = 'aes-256-gcm'

/** Where a secret stands: its kind, and whose it is. */
export interface SecretPlace {
  readonly purpose: 'webhook' | 'chat_key'
  readonly owner: string
}

/** A secret that does not open; the message is for a person and says nothing of the secret. */
export class SecretFault extends Error {}

interface Key {
  readonly id: string
  readonly cipher: Buffer
}

/**
 * Reads a key of 32 bytes.
 * @param text base64, base64url or hexadecimal
 * @returns undefined when it is none of these
 */
export function parseRoot(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  if (!/^[\w+/-]{43}=?$/.test(text)) return undefined
  const root = Buffer.from(text, 'base64')
  return root.length === rootBytes ? root : undefined
}

/** What seals and opens. New secrets are sealed by the first key, and every key opens what it sealed. */
export class Secrets {
  #current: Key
  #keys: Map<string, Key>

  constructor([current, ...others]: readonly [Buffer, ...Buffer[]]) {
    this.#current = keyOf(current)
    this.#keys = new Map(others.map(keyOf).map((key) => [key.id, key]))
    this.#keys.set(this.#current.id, this.#current)
  }

  /** Names the key that seals; says nothing of it. */
  get keyId(): string {
    return this.#current.id
  }

  /** Another set of keys counts from now on. */
  replace(roots: readonly [Buffer, ...Buffer[]]): void {
    const next = new Secrets(roots)
    this.#current = next.#current
    this.#keys = next.#keys
  }

  /** @returns `sealed1.<key id>.<nonce, ciphertext and tag>` */
  seal(text: string, place: SecretPlace): string {
    const { id, cipher: key } = this.#current
    const nonce = randomBytes(nonceBytes)
    const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes })
    cipher.setAAD(additional(id, place))
    const sealed = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
    return `${prefix}.${id}.${Buffer.concat(sealed).toString('base64url')}`
  }

  /** @throws SecretFault for what no key of ours sealed for this very place */
  open(sealed: string, place: SecretPlace): string {
    const [, id, body] = sealed.split('.')
    const key = this.#keys.get(id ?? '')
    if (!isSealed(sealed) || body === undefined)
      throw new SecretFault('It is not sealed: it is not used.')
    if (!key)
      throw new SecretFault(
        `It was sealed under the key ${id}, which this server has not: set SECRETS_KEY or SECRETS_KEY_OLD to that key, or make it anew.`,
      )
    const bytes = Buffer.from(body, 'base64url')
    try {
      const nonce = bytes.subarray(0, nonceBytes)
      const cipher = createDecipheriv(algorithm, key.cipher, nonce, { authTagLength: tagBytes })
      cipher.setAAD(additional(key.id, place))
      cipher.setAuthTag(bytes.subarray(-tagBytes))
      const text = cipher.update(bytes.subarray(nonceBytes, -tagBytes))
      return Buffer.concat([text, cipher.final()]).toString('utf8')
    } catch {
      throw new SecretFault('It was changed, or moved from another place: make it anew.')
    }
  }
}

/** Whether a text is sealed, under whatever key. */
export function isSealed(text: string): boolean {
  return text.startsWith(`${prefix}.`)
}

/** Names the key under which it was sealed. */
export function keyIdOf(sealed: string): string | undefined {
  return isSealed(sealed) ? sealed.split('.')[1] : undefined
}

function additional(id: string, { purpose, owner }: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([prefix, id, purpose, owner]))
}

function keyOf(root: Buffer): Key {
  const derive = (info: string, bytes: number) =>
    Buffer.from(hkdfSync('sha256', root, '', `carrel secrets ${info}`, bytes))
  return { id: derive('id', idBytes).toString('hex'), cipher: derive('key', 32) }
}
