/** Where a command that asks a running server finds it, and as whom. */

import { ConfigError, environmentOf } from './config.ts'
import { apiKey, endpointUrl } from './config-fields.ts'

export interface ClientSettings {
  /** Without a slash at the end. */
  readonly url: string
  readonly key: string | undefined
}

/**
 * Reads `CARREL_URL` and `CARREL_KEY`; without the first it is the server of this machine, at `PORT` or 8080.
 * @throws ConfigError
 */
export function readClientSettings(
  env: Readonly<Record<string, string>> = environmentOf(['CARREL_URL', 'CARREL_KEY', 'PORT']),
): ClientSettings {
  const { CARREL_URL, CARREL_KEY, PORT = '8080' } = env
  const url = endpointUrl.safeParse(CARREL_URL ?? `http://127.0.0.1:${PORT}`)
  if (!url.success) throw new ConfigError(`CARREL_URL: ${url.error.issues[0]?.message}`)
  const key = apiKey.optional().safeParse(CARREL_KEY)
  if (!key.success) throw new ConfigError(`CARREL_KEY: ${key.error.issues[0]?.message}`)
  return { url: url.data.replace(/\/+$/, ''), key: key.data }
}
