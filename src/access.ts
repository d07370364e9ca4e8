/** How much anybody may do: the tiers with their file, and what of it the routes need; for the composition root. */
import type { Log } from './base/log.ts'
import type { Control } from './control/control.ts'
import { readTiersFile, Tiers } from './control/tiers.ts'
import { watchTiers } from './control/tiers-watch.ts'
import type { AdmissionOptions } from './http/admission.ts'
import type { AccessOptions } from './http/routes/access.ts'
import type { KeyOptions } from './http/routes/keys.ts'

/** Reads the tiers and follows their file until `stop`. @throws TiersError for one that cannot be used */
export function openTiers(
  path: string | undefined,
  log: Log,
  control: Control,
  onChange: () => void,
): { tiers: Tiers; stop: () => void } {
  if (path === undefined) return { tiers: new Tiers(control.allowances), stop: () => undefined }
  const tiers = new Tiers(control.allowances, readTiersFile(path))
  const stop = watchTiers(path, {
    onTable: (table) => {
      tiers.replace(table)
      onChange()
      log.info({ file: path }, 'the tiers were read again')
    },
    onFault: (error) => log.error({ err: error }, 'the tiers file was not taken over'),
  })
  return { tiers, stop }
}

/** What the routes need to know of who may do how much. */
export function allowed(
  control: Control,
  tiers: Tiers,
): AccessOptions & KeyOptions & Required<Pick<AdmissionOptions, 'limitsOf'>> {
  return {
    keys: control.keys,
    generationOf: (tenant) => control.tenant(tenant)?.generation,
    tiers,
    allowances: control.allowances,
    revocations: control.revocations,
    limitsOf: ({ tenant, tier }) => {
      control.noteTier(tenant, tier)
      return tiers.limitsOf(tenant)
    },
  }
}
