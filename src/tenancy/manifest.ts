/** What a snapshot says of itself: whose it is, when it was, and the hash of every file. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Problem } from '../base/problem.ts'

export const manifestName = 'manifest.json'
const manifestBytesMax = 256 * 2 ** 20

/** The only files that a tenant's copy may hold. */
const filePath = z.string().regex(/^(app\.db|vecs\.db|books\/[0-9a-f]{64}\.[a-z0-9]{1,10})$/)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const count = z.int().min(0)

const manifestSchema = z.strictObject({
  format: z.literal(1),
  carrel: z.string().max(64),
  user_id: z.string().min(1).max(255),
  tenant: z.string().min(1).max(64),
  generation: z.string().max(64),
  made_at: z.iso.datetime(),
  /** What control.db knew of the account. */
  tier: z.string().max(64).nullable(),
  /** The operator's own word on it, for whoever knows its grammar. */
  overrides: z.record(z.string().max(64), z.unknown()).nullable().default(null),
  schema: z.strictObject({ app: count, vecs: count }),
  /** Of the vector spaces in vecs.db, the live one first. */
  embedders: z.array(z.string().max(1024)).max(1024),
  counts: z.strictObject({ documents: count, passages: count }),
  files: z.array(z.strictObject({ path: filePath, bytes: count, sha256 })),
})

export type Manifest = z.output<typeof manifestSchema>
export type ManifestFile = Manifest['files'][number]

/** @throws Problem `tenant_damaged` when it is missing or not one of ours */
export function readManifest(directory: string): Manifest {
  try {
    return parseManifest(readFileSync(join(directory, manifestName)))
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('tenant_damaged', 'The copy has no manifest that can be read.', {
      cause: error,
    })
  }
}

/** @throws Problem `tenant_damaged` */
export function parseManifest(bytes: Buffer): Manifest {
  if (bytes.length > manifestBytesMax)
    throw new Problem('tenant_damaged', 'The manifest of the copy is too large.')
  const parsed = manifestSchema.safeParse(JSON.parse(bytes.toString('utf8')))
  if (!parsed.success)
    throw new Problem(
      'tenant_damaged',
      `The manifest of the copy is not one of Carrel’s: ${parsed.error.issues[0]?.path.join('.')}.`,
    )
  return parsed.data
}
