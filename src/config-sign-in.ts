/** Settings of the web app's own sign-in: the identity provider, the session, one-time links. */
import { z } from 'zod'
import { decimal } from './config-fields.ts'

const loopback = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/

export const signInFields = {
  OIDC_ISSUER: z
    .url({ protocol: /^https?$/, error: 'is not an address like https://id.example' })
    .refine((address) => {
      const { protocol = '', hostname = '' } = URL.parse(address) ?? {}
      return protocol === 'https:' || loopback.test(hostname)
    }, 'needs https: who can answer in the provider’s place decides who comes in')
    .refine((address) => !/[?#@]/.test(address), 'is an address with nothing but host and path')
    .optional()
    .describe('the OpenID Connect provider that the web app signs in with'),
  OIDC_CLIENT_ID: z.string().min(1).optional().describe('what the provider calls this server'),
  OIDC_CLIENT_SECRET: z
    .string()
    .min(1)
    .optional()
    .describe('where the provider gave one; the sign-in is by PKCE in any case'),
  OIDC_SCOPES: z
    .string()
    .regex(
      /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/,
      'is not such as `openid profile`',
    )
    .refine((scopes) => scopes.split(' ').includes('openid'), 'has to have `openid` among them')
    .default('openid')
    .describe('what the provider is asked for, with blanks between'),
  SIGN_IN_LINKS: z
    .enum(['on', 'off'])
    .default('off')
    .describe('whether `carrel user` makes links that sign somebody in, once'),
  SESSION_HOURS: decimal(0.1, 8_760)
    .default(12)
    .describe('how long a sign-in with the provider or a link lasts'),
}

type Given = Readonly<z.infer<z.ZodObject<typeof signInFields>>> & {
  readonly PUBLIC_URL?: string | undefined
}

/** @returns one line that names the setting at fault */
export function signInFault(config: Given): string | undefined {
  const { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, SIGN_IN_LINKS, PUBLIC_URL } = config
  if (OIDC_ISSUER !== undefined && OIDC_CLIENT_ID === undefined)
    return 'OIDC_ISSUER: needs OIDC_CLIENT_ID, which is not set'
  for (const [name, value] of Object.entries({ OIDC_CLIENT_ID, OIDC_CLIENT_SECRET }))
    if (value !== undefined && OIDC_ISSUER === undefined)
      return `${name}: needs OIDC_ISSUER, which is not set`
  const [asking] = [OIDC_ISSUER && 'OIDC_ISSUER', SIGN_IN_LINKS === 'on' && 'SIGN_IN_LINKS'].filter(
    Boolean,
  )
  if (!asking) return undefined
  if (PUBLIC_URL === undefined) return `${asking}: needs PUBLIC_URL, where browsers come back to`
  if (!/^https?:/i.test(PUBLIC_URL)) return 'PUBLIC_URL: is not an address of http or https'
  return undefined
}
