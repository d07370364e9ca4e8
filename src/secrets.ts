/** The keys that the operator gave for secrets, and what is done with secrets at a start: for the composition root. */
import { readFileSync } from 'node:fs'
import type { Log } from './base/log.ts'
import { StartError } from './base/start-error.ts'
import type { Config } from './config.ts'
import type { Control } from './control/control.ts'
import type { GivenKeys } from './control/secret-keys.ts'
import { parseRoot } from './control/secrets.ts'

/** @throws StartError for a SECRETS_KEY_FILE that holds no key, or stands beside a SECRETS_KEY */
export function givenKeys({ SECRETS_KEY, SECRETS_KEY_FILE, SECRETS_KEY_OLD }: Config): GivenKeys {
  if (SECRETS_KEY !== undefined && SECRETS_KEY_FILE !== undefined)
    throw new StartError('SECRETS_KEY_FILE: SECRETS_KEY is set too; keep one of them')
  const text = SECRETS_KEY ?? (SECRETS_KEY_FILE && readKeyFile(SECRETS_KEY_FILE))
  const current = text === undefined ? undefined : parseRoot(text)
  if (text !== undefined && !current)
    throw new StartError(
      `SECRETS_KEY_FILE: ${SECRETS_KEY_FILE} does not hold 32 bytes in base64 or hexadecimal`,
    )
  return { current, old: SECRETS_KEY_OLD === undefined ? undefined : parseRoot(SECRETS_KEY_OLD) }
}

/** What is still in the clear is sealed; what does not open is out of service, alone, and named in the log. */
export async function sealAtStart({ sealing }: Control, log: Log): Promise<void> {
  try {
    for (const { purpose, owner, reason } of await sealing.sealClear())
      log.error({ purpose, owner }, `a secret does not open. ${reason}`)
  } catch (error) {
    log.error({ err: error }, 'secrets that stand in the clear could not be sealed')
  }
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new StartError(`SECRETS_KEY_FILE: ${path}: ${(error as NodeJS.ErrnoException).code}`)
  }
}
