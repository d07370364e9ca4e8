/** Runs the server: settings → context → listen → drain on SIGTERM. */
import { checkSqliteVersion } from './base/sqlite-version.ts'
import { StartError } from './base/start-error.ts'
import { type Config, hasLogin } from './config.ts'
import { createContext } from './context.ts'
import { TiersError } from './control/tiers.ts'

/**
 * Serves until SIGTERM or SIGINT, then answers what was taken in and leaves the data directory at rest.
 * @returns the exit code: 0 after a clean stop, 1 when it could not start
 */
export async function serve(config: Config): Promise<number> {
  checkSqliteVersion()
  const { promise: stopped, resolve: stop } = Promise.withResolvers<string>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(signal))
  try {
    await using context = await createContext(config)
    const { url } = await context.listen()
    const mode = hasLogin(config) ? 'with login' : 'local mode, no login'
    context.log.info({ url, dataDir: config.DATA_DIR, shards: config.SHARDS, mode }, 'listening')
    if (process.stdout.isTTY) process.stdout.write(`\n  Carrel: ${url}  (${mode})\n\n`)
    const signal = await stopped
    context.log.info({ signal }, 'stopping')
  } catch (error) {
    if (!(error instanceof StartError || error instanceof TiersError)) throw error
    process.stderr.write(`carrel: ${error.message}\n`)
    return 1
  }
  return 0
}
