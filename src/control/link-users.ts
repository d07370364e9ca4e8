/** Users that the operator lets in by a link: those of a server without an identity provider. */
import { Problem } from '../base/problem.ts'
import { type TenantId, tenantOf } from '../tenancy/tenant-id.ts'
import type { Allowances } from './allowances.ts'
import type { Tier } from './limits.ts'
import type { SignInLinks } from './sign-in-links.ts'

export interface LinkUsersOptions {
  readonly control: {
    readonly links: SignInLinks
    readonly allowances: Allowances
    tenant(id: TenantId): object | undefined
  }
  /** What their ids are hashed with; undefined: they name tenants. */
  readonly label: string | undefined
  /** Scheme, host and port under which browsers reach us. */
  readonly publicOrigin: string
  readonly nowMs?: () => number
}

/** As an answer and on the command line. */
export interface MadeLink {
  readonly user_id: string
  /** The name of the directory. */
  readonly tenant: string
  readonly url: string
  readonly expires_at: string
}

export class LinkUsers {
  readonly #options: LinkUsersOptions

  constructor(options: LinkUsersOptions) {
    this.#options = options
  }

  /** @returns a link for somebody new. @throws Problem `conflict` for who is there, `invalid_request` for what is no user id */
  async add(userId: string, tier: Tier | undefined): Promise<MadeLink> {
    const { control } = this.#options
    const tenant = this.#tenantOf(userId)
    if (control.tenant(tenant))
      throw new Problem('conflict', 'There is such a user: `carrel user link` makes another link.')
    if (tier !== undefined) {
      const overrides = control.allowances.of(tenant)?.overrides
      await control.allowances.override(tenant, { ...overrides, tier })
    }
    return this.#make(userId, tenant)
  }

  /** @returns another link; the one before it ends. @throws Problem `not_found` for who was never added */
  async link(userId: string): Promise<MadeLink> {
    const { control } = this.#options
    const tenant = this.#tenantOf(userId)
    if (!control.tenant(tenant) && !control.links.has(tenant))
      throw new Problem('not_found', 'There is no such user: `carrel user add` makes one.')
    return this.#make(userId, tenant)
  }

  async #make(userId: string, tenant: TenantId): Promise<MadeLink> {
    const { control, publicOrigin, nowMs = Date.now } = this.#options
    const { code, expiresAtMs } = await control.links.make({ tenant, userId }, nowMs())
    return {
      user_id: userId,
      tenant,
      // After the #: browsers send that part to nobody, and no log has it.
      url: `${publicOrigin}/sign-in#${code}`,
      expires_at: new Date(expiresAtMs).toISOString(),
    }
  }

  #tenantOf(userId: string): TenantId {
    const tenant = tenantOf(userId, this.#options.label)
    if (!tenant)
      throw new Problem(
        'invalid_request',
        'A user id has to be 1 to 255 bytes of text without control characters.',
      )
    return tenant
  }
}
