/** The settings of the key that seals secrets. */
import { z } from 'zod'
import { parseRoot } from './control/secrets.ts'

const root = z
  .string()
  .refine((text) => parseRoot(text) !== undefined, 'is not 32 bytes in base64 or hexadecimal')

export const secretFields = {
  SECRETS_KEY: root
    .optional()
    .describe('32 bytes, base64 or hexadecimal, that seal secrets; without it one is kept'),
  SECRETS_KEY_FILE: z.string().min(1).optional().describe('a file with such a key in its place'),
  SECRETS_KEY_OLD: root
    .optional()
    .describe('the key before, until `carrel secrets rotate` is done'),
}
