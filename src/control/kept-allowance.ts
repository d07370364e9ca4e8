/** An account's tier and the operator's word on it, kept in the manifest of its copies: control.db may be lost, a copy says it again. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { manifestName, readManifest } from '../tenancy/manifest.ts'
import type { SnapshotJob } from '../tenancy/snapshot.ts'
import type { TenantId } from '../tenancy/tenant-id.ts'
import type { Allowances } from './allowances.ts'
import { overridesSchema, tierSchema } from './tiers.ts'

/** What a manifest says of the account. */
export function allowanceToKeep(
  allowances: Pick<Allowances, 'of'>,
  id: TenantId,
): Pick<SnapshotJob, 'tier' | 'overrides'> {
  const { tier = null, overrides = null } = allowances.of(id) ?? {}
  return { tier, overrides: overrides && { ...overrides } }
}

/**
 * Gives an account back what its copy says, where this server knows nothing of it. A copy that becomes somebody else's says
 * nothing about them.
 * @param from what was restored; without a manifest nothing happens
 */
export async function giveBackAllowance(
  allowances: Allowances,
  id: TenantId,
  { userId, from }: { readonly userId: string; readonly from: string },
): Promise<void> {
  if (allowances.of(id) || !existsSync(join(from, manifestName))) return
  const manifest = readManifest(from)
  if (manifest.user_id !== userId) return
  const tier = tierSchema.safeParse(manifest.tier)
  if (tier.success) allowances.noteTier(id, tier.data)
  const overrides = overridesSchema.safeParse(manifest.overrides)
  if (overrides.success) await allowances.override(id, overrides.data)
}
