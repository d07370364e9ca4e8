/** A control plane in memory, for servers under test. */
import { Allowances } from '../../src/control/allowances.ts'
import { ApiKeys } from '../../src/control/api-keys.ts'
import { Revocations } from '../../src/control/revocations.ts'
import { Tiers } from '../../src/control/tiers.ts'
import type { AppOptions } from '../../src/http/app.ts'

/** Everything is durable at once. */
export function memoryControl(): Pick<
  AppOptions,
  'keys' | 'generationOf' | 'tiers' | 'allowances' | 'revocations'
> {
  const written = async (): Promise<void> => undefined
  const allowances = new Allowances([], written)
  return {
    keys: new ApiKeys([], written),
    generationOf: () => 'g',
    tiers: new Tiers(allowances),
    allowances,
    revocations: new Revocations([], written),
  }
}
