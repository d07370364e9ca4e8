/** Receipts of what was erased: signed with the server's own Ed25519 key, so that whoever holds one can show it is ours. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import { writeFileDurably } from '../base/fs.ts'
import { receiptKeyPath } from '../tenancy/layout.ts'
import type { Erased } from './erase.ts'

export interface ReceiptStatement {
  readonly what: 'account deleted'
  readonly user_id: string
  readonly tenant: string
  readonly generation: string
  readonly deleted_at: string
  /** Logins issued up to then no longer count. */
  readonly logins_ended_before: string
  readonly erased: Erased
}

export interface Receipt {
  /** The statement as JSON text, exactly as it was signed. */
  readonly statement: string
  readonly sha256: string
  /** Ed25519 over the statement's UTF-8 bytes, base64. */
  readonly signature: string
  /** SPKI, base64. The same for every receipt of this server. */
  readonly public_key: string
}

/** @param dataDir where the key is kept; made at the first receipt */
export function signReceipt(dataDir: string, what: ReceiptStatement): Receipt {
  const key = receiptKey(dataDir)
  const statement = JSON.stringify(what)
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' })
  return {
    statement,
    sha256: createHash('sha256').update(statement).digest('hex'),
    signature: sign(null, Buffer.from(statement), key).toString('base64'),
    public_key: spki.toString('base64'),
  }
}

function receiptKey(dataDir: string): KeyObject {
  const path = receiptKeyPath(dataDir)
  try {
    return createPrivateKey(readFileSync(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileDurably(path, String(privateKey.export({ type: 'pkcs8', format: 'pem' })))
  return privateKey
}
