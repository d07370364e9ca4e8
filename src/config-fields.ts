/** Kinds of settings: what a text of the environment has to be. */
import { z } from 'zod'
import { publicKey } from './auth/keys.ts'

export const integer = (min: number, max: number): z.ZodType<number, string | number> =>
  z.union([z.string(), z.number()]).transform(Number).pipe(z.int().min(min).max(max))
export const decimal = (min: number, max: number): z.ZodType<number, string | number> =>
  z.union([z.string(), z.number()]).transform(Number).pipe(z.number().min(min).max(max))
export const endpointUrl = z
  .url({ protocol: /^https?$/, error: 'is not an address like http://127.0.0.1:11434' })
  .refine(
    (address) => !URL.parse(address)?.username && !URL.parse(address)?.password,
    'has a password in it: use the API key setting',
  )
export const apiKey = z
  .string()
  .regex(
    /^[\x21-\x7e]+$/,
    'has characters that a header does not carry: look for blanks and line ends',
  )

export const flag = (): z.ZodType<boolean, string | undefined> =>
  z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true')

export function checkPublicKey(text: string, context: z.RefinementCtx): void {
  try {
    publicKey(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
}
