/** The command line: `carrel serve` and what an operator needs beside it. */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { SignJWT } from 'jose/jwt/sign'
import { StartError } from './base/start-error.ts'
import {
  operatorCommands,
  operatorOptions,
  operatorUsage,
  runOperator,
  UsageError,
} from './cli-operator.ts'
import { readClientSettings } from './client-settings.ts'
import { type Config, ConfigError, loadEnvFile, readConfig } from './config.ts'
import { serverKey } from './control/server-key.ts'

const usage = `carrel: a private, searchable library for every user

  carrel serve [--make-key]        run the server (settings: environment or .env)
  carrel token USER [--tier T] [--hours N]
                                   print a token for USER, signed with the server's key
  carrel mcp                       the library for a program that speaks MCP, over standard input and output:
                                   CARREL_URL names the server, CARREL_KEY is an API key of it
${operatorUsage}  carrel doctor [--json]           look at settings, machine and every library; says what to do
  carrel help                      this text

  --make-key   without JWT_SECRET: make a key at the first start, keep it in DATA_DIR/.carrel and print it once

Examples
  carrel serve
  JWT_SECRET=… carrel token alice --tier paid --hours 8
`
const hoursMax = 24 * 365

process.exitCode = await run(process.argv.slice(2))

async function run(args: string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        'make-key': { type: 'boolean', default: false },
        tier: { type: 'string' },
        hours: { type: 'string', default: '24' },
        ...operatorOptions,
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    const [command = 'help', user] = positionals
    loadEnvFile()
    if (values.help || command === 'help') return say(usage)
    if (command === 'serve')
      return await (await import('./main.ts')).serve(
        values['make-key'] ? readConfig(undefined, keptKey) : readConfig(),
      )
    if (command === 'mcp') return await (await import('./cli-mcp.ts')).runMcp(readClientSettings())
    if (command === 'doctor') return await (await import('./doctor.ts')).runDoctor(values.json)
    if (command === 'token') return await token(readConfig(undefined, keptKey), { user, ...values })
    if (operatorCommands.includes(command))
      return await runOperator(readConfig(undefined, noKey), positionals, values)
    return complain(`there is no command \`${command}\`; see \`carrel help\``)
  } catch (error) {
    if (error instanceof ConfigError || error instanceof UsageError || error instanceof StartError)
      return complain(error.message)
    if (isUsageError(error)) return complain(`${error.message}; see \`carrel help\``)
    throw error
  }
}

/** An operator's commands ask nobody for a token: any key will do, and none where there is a login without. */
function noKey(_dataDir: string, isNeeded: boolean): string | undefined {
  return isNeeded ? randomBytes(32).toString('base64url') : undefined
}

function keptKey(dataDir: string): string {
  const { secret, isNew } = serverKey(dataDir)
  if (isNew)
    process.stderr.write(
      `A key was made. Sign your users' tokens with it (HS256); it is not shown again:\n  JWT_SECRET=${secret}\n`,
    )
  return secret
}

async function token(
  config: Config,
  {
    user,
    tier = 'free',
    hours,
  }: { user: string | undefined; tier?: string | undefined; hours: string },
): Promise<number> {
  if (!user) return complain('whose token? `carrel token USER`')
  const hoursValid = Number(hours)
  if (!(hoursValid > 0 && hoursValid <= hoursMax))
    return complain(`--hours takes a number up to ${hoursMax}, not \`${hours}\``)
  if (config.JWT_SECRET === undefined)
    return complain('tokens are signed elsewhere: this server has no JWT_SECRET')
  const jwt = new SignJWT({ tier })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(user)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000 + hoursValid * 3600))
  if (config.JWT_ISSUER) jwt.setIssuer(config.JWT_ISSUER)
  if (config.JWT_AUDIENCE) jwt.setAudience(config.JWT_AUDIENCE)
  return say(`${await jwt.sign(new TextEncoder().encode(config.JWT_SECRET))}\n`)
}

function say(text: string): number {
  process.stdout.write(text)
  return 0
}

function complain(sentence: string): number {
  process.stderr.write(`carrel: ${sentence}\n`)
  return 2
}

function isUsageError(error: unknown): error is Error {
  return (
    error instanceof Error && /^ERR_PARSE_ARGS/.test((error as NodeJS.ErrnoException).code ?? '')
  )
}
