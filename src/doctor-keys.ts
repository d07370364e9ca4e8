/** What `carrel doctor` looks at where keys are kept: whether they can be read, by nobody else, and open what they sealed. */
import { existsSync, statSync } from 'node:fs'
import { StartError } from './base/start-error.ts'
import type { Config } from './config.ts'
import type { Unopened } from './control/sealed-rows.ts'
import { keptRoots } from './control/secret-keys.ts'
import { type Finding, fault, good, warning } from './doctor-finding.ts'
import { givenKeys } from './secrets.ts'
import {
  controlDbPath,
  receiptKeyPath,
  secretsKeyPath,
  serverKeyPath,
  sessionKeyPath,
} from './tenancy/layout.ts'

const check = 'keys'
/** Secrets that are named one by one. */
const namedMax = 5

/** Without opening a database. */
export function checkKeyFiles(config: Config): Finding[] {
  const { DATA_DIR, SECRETS_KEY_FILE } = config
  const secretsKey = secretsKeyPath(controlDbPath(DATA_DIR))
  const own = [serverKeyPath(DATA_DIR), sessionKeyPath(DATA_DIR), receiptKeyPath(DATA_DIR)]
  const files = [...own, secretsKey, ...(SECRETS_KEY_FILE ? [SECRETS_KEY_FILE] : [])]
  const open = files.filter((path) => existsSync(path) && (statSync(path).mode & 0o077) !== 0)
  const found = open.map((path) =>
    warning(check, `${path} can be read by others.`, `chmod 600 ${path}`),
  )
  const faults = [() => givenKeys(config), () => keptRoots(secretsKey)].flatMap(faultOf)
  return found.length + faults.length > 0
    ? [...faults, ...found]
    : [good(check, 'they can be read, and by this user alone')]
}

/** Whether the keys are those of the secrets in control.db. */
export async function checkSecretsOpen(operator: {
  unopenedSecrets(): Promise<readonly Unopened[]>
}): Promise<Finding[]> {
  const unopened = await operator.unopenedSecrets()
  const named = unopened
    .slice(0, namedMax)
    .map(({ purpose, owner, reason }) =>
      fault(
        'secrets',
        `The ${purpose === 'webhook' ? 'secret of the webhook' : 'chat key of the library'} ${owner} does not open. ${reason}`,
        'Put .carrel/secrets-key back from where it was kept, or set SECRETS_KEY or SECRETS_KEY_OLD to the key it had.',
      ),
    )
  const more = unopened.length - named.length
  if (more === 0) return named
  return [...named, fault('secrets', `So do ${more} others not.`, 'The same.')]
}

function faultOf(read: () => unknown): Finding[] {
  try {
    read()
    return []
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    return [
      fault(
        check,
        error.message,
        'A key is 32 bytes in base64 (`openssl rand -base64 32`), in a file that the user who runs Carrel can read; docs/admin.md, Secrets.',
      ),
    ]
  }
}
