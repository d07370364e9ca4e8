/** The name of a tenant: one grammar, one parser, one branded type. Nothing else may become a directory name. */
import { createHash } from 'node:crypto'
import { base32 } from '../base/ids.ts'

/** A tenant's directory name: `[a-z0-9][a-z0-9_-]{0,63}` or `_` and the base32 SHA-256 of any other id. */
export type TenantId = string & { readonly __brand: 'TenantId' }

const bareName = /^[a-z0-9][a-z0-9_-]{0,63}$/
const hashedName = /^_[a-z2-7]{52}$/
const idBytesMax = 255
const issuerLengthMax = 1_024
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are exactly what is refused here
const forbidden = /[\u0000-\u001f\u007f-\u009f]/

/** The one user of a server that has no login. A token never names it: such an id is hashed. */
export const localTenant = 'local' as TenantId

/**
 * Maps a user's id to the tenant's directory name. Injective and safe on file systems that fold case or Unicode.
 * @param id the claim's value, 1 to 255 bytes of well-formed text without control characters
 * @param issuer only for ids that are not from the configured issuer; such ids are hashed together with it
 * @returns the tenant, or undefined when the id is not acceptable
 */
export function tenantOf(id: string, issuer?: string): TenantId | undefined {
  if (id.length === 0 || !id.isWellFormed() || forbidden.test(id)) return undefined
  if (Buffer.byteLength(id) > idBytesMax) return undefined
  if (issuer !== undefined) return hashed(`${issuer}\0${id}`)
  if (bareName.test(id) && id !== localTenant) return id as TenantId
  return hashed(id)
}

/**
 * Maps a group's id: never bare, so that no group meets a user of the same name.
 * @param issuer as for `tenantOf`, and without control characters, so that no two pairs are one text
 */
export function groupTenantOf(id: string, issuer = ''): TenantId | undefined {
  return tenantOf(id, '') && hashed(`${issuer}\0group\0${id}`)
}

/** Whether a text can name an issuer: what `tenantOf` joins with an id must not look like two. */
export function isIssuerName(text: string): boolean {
  return text.length > 0 && text.length <= issuerLengthMax && !forbidden.test(text)
}

/** Reads a directory name back: undefined for what no tenant can be called (such as `.carrel`). */
export function parseTenantId(name: string): TenantId | undefined {
  return bareName.test(name) || hashedName.test(name) ? (name as TenantId) : undefined
}

function hashed(text: string): TenantId {
  return `_${base32(createHash('sha256').update(text).digest())}` as TenantId
}
