/** `carrel user`, `tenant`, `snapshot`, `snapshots`, `backup`, `restore`, `migrate`: what an operator does with whole libraries. */

import { backup, isSnapshotName, librariesIn, restoreControl, restoreOne } from './backup.ts'
import { Problem } from './base/problem.ts'
import { type MigrateValues, migrateOptions, migrateUsage, runMigrate } from './cli-migrate.ts'
import {
  printAudit,
  printSecrets,
  printUsage,
  printWebhook,
  type RecordsValues,
  recordsOptions,
  recordsUsage,
} from './cli-records.ts'
import type { Config } from './config.ts'
import { tierNames } from './control/limits.ts'
import { type Operator, openOperator, type SettableState } from './operator.ts'

export const operatorUsage = `
  carrel user add USER [--tier T]  print a link that signs in somebody new, once, within a day (SIGN_IN_LINKS=on)
  carrel user link USER            another one for a user; the one before it ends
  carrel tenant list               every library and its state
  carrel tenant show|suspend|read-only|resume|release|adopt USER
  carrel tenant rest USER [--seconds N]
                                   close it and hold it closed, so that its directory can be copied
  carrel tenant delete USER --confirm USER
                                   with its snapshots; prints a signed receipt
  carrel snapshot USER             copy a library while it is used
  carrel snapshots USER            list them
  carrel backup USER…|--all --to DIR
                                   verified copies in DIR/<time>; --all has the server’s own records too
  carrel restore DIR|--all DIR [--as USER] [--replace]
  carrel restore USER NAME [--as USER] [--replace]
                                   put a backup, a copied directory or a snapshot in place
${migrateUsage}${recordsUsage.slice(1)}`

export const operatorOptions = {
  ...recordsOptions,
  ...migrateOptions,
  all: { type: 'boolean', default: false },
  to: { type: 'string' },
  as: { type: 'string' },
  replace: { type: 'boolean', default: false },
  seconds: { type: 'string', default: '900' },
  confirm: { type: 'string' },
} as const

export interface OperatorValues extends RecordsValues, MigrateValues {
  readonly all: boolean
  readonly to?: string | undefined
  readonly as?: string | undefined
  readonly replace: boolean
  readonly seconds: string
  readonly confirm?: string | undefined
  readonly tier?: string | undefined
}

/** What was asked for cannot be done as it was said; the message is for a person. */
export class UsageError extends Error {}

export const operatorCommands: readonly string[] = [
  'user',
  'tenant',
  'snapshot',
  'snapshots',
  'backup',
  'restore',
  'migrate',
  'usage',
  'audit',
  'webhook',
  'secrets',
]

const states: Readonly<Record<string, SettableState>> = {
  suspend: 'suspended',
  'read-only': 'read_only',
  resume: 'active',
  release: 'active',
  rest: 'at_rest',
}

/**
 * @returns the exit code
 * @throws UsageError
 */
export async function runOperator(
  config: Config,
  [command = '', ...words]: readonly string[],
  values: OperatorValues,
): Promise<number> {
  if (
    command === 'restore' &&
    words[0] !== undefined &&
    values.all &&
    restoreControl(config, words[0])
  )
    note('the server’s own records were restored')
  try {
    await using operator = await openOperator(config)
    switch (command) {
      case 'user':
        return await user(operator, words, values)
      case 'tenant':
        return await tenant(operator, words, values)
      case 'snapshot':
        return print(await operator.snapshot(needed(words[0], 'whose? `carrel snapshot USER`')))
      case 'snapshots':
        return table(await operator.snapshots(needed(words[0], 'whose? `carrel snapshots USER`')))
      case 'migrate':
        return await runMigrate(operator, words, values, { bar, print })
      case 'backup':
        return await runBackup(operator, config, words, values)
      case 'usage':
        return await printUsage(operator, words[0], values)
      case 'audit':
        return await printAudit(operator, words, values)
      case 'webhook':
        return await printWebhook(operator, words, values)
      case 'secrets':
        return await printSecrets(operator, words)
      default:
        return await runRestore(operator, config, words, values)
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (error instanceof RangeError) throw new UsageError(error.message)
    if (error instanceof Problem) throw new UsageError(`${error.code}: ${error.detail}`)
    throw error
  }
}

async function user(
  operator: Operator,
  [verb = '', name]: readonly string[],
  { tier }: OperatorValues,
): Promise<number> {
  const id = needed(name, 'who? `carrel user add|link USER`')
  const given = tierNames.find((one) => one === tier && one !== 'local')
  if (tier !== undefined && given === undefined)
    throw new UsageError(`there is no tier \`${tier}\``)
  if (verb === 'add') return print(await operator.users.add(id, given))
  if (verb !== 'link') throw new UsageError(`there is no \`carrel user ${verb}\``)
  if (tier !== undefined) throw new UsageError('--tier goes with `carrel user add`')
  return print(await operator.users.link(id))
}

async function tenant(
  operator: Operator,
  [verb = '', user]: readonly string[],
  values: OperatorValues,
): Promise<number> {
  if (verb === 'list') return table(await operator.list())
  const id = needed(user, 'whose? `carrel tenant VERB USER`')
  const state = states[verb]
  if (state) {
    const seconds = Number(values.seconds)
    if (!(Number.isInteger(seconds) && seconds > 0 && seconds <= 86_400))
      throw new UsageError('--seconds takes a whole number up to 86400')
    return print(await operator.setState(id, state, seconds))
  }
  if (verb === 'show') return print(await operator.show(id))
  if (verb === 'adopt') return print(await operator.adopt(id))
  if (verb !== 'delete') throw new UsageError(`there is no \`carrel tenant ${verb}\``)
  if (values.confirm !== id)
    throw new UsageError(`nothing was deleted: say it twice, \`--confirm ${id}\``)
  return print(await operator.remove(id))
}

async function runBackup(
  operator: Operator,
  config: Config,
  users: readonly string[],
  { all, to }: OperatorValues,
): Promise<number> {
  const directory = needed(to, 'where to? `--to DIR`')
  if (all === users.length > 0) throw new UsageError('whose? name users, or say --all')
  // The directory's name, not the user's: the one user of local mode has no id that a token could carry.
  const names = all ? (await operator.list()).map(({ tenant }) => tenant) : users
  const end = await backup(operator, config, directory, names, all, bar)
  for (const { user, reason } of end.failed) note(`NOT COPIED ${user}: ${reason}`)
  print({ directory: end.directory, libraries: end.libraries, failed: end.failed.length })
  return end.failed.length === 0 ? 0 : 1
}

async function runRestore(
  operator: Operator,
  config: Config,
  [from, name]: readonly string[],
  { as, replace, all }: OperatorValues,
): Promise<number> {
  const place = needed(from, 'what? `carrel restore DIR` or `carrel restore USER NAME`')
  if (name !== undefined && isSnapshotName(name))
    return print(await operator.restore(place, name, as, replace))
  const libraries = librariesIn(place)
  if (libraries.length !== 1 && !all)
    throw new UsageError(`${place} holds ${libraries.length} libraries: name one, or say --all`)
  if (all && as !== undefined) throw new UsageError('--as goes with a single library')
  let failed = 0
  for (const [at, library] of libraries.entries()) {
    try {
      const user = await restoreOne(operator, config, library, as, replace)
      bar(at + 1, libraries.length, user)
    } catch (error) {
      failed++
      note(`NOT RESTORED ${library}: ${error instanceof Error ? error.message : error}`)
    }
  }
  print({ restored: libraries.length - failed, failed })
  return failed === 0 ? 0 : 1
}

const barWidth = 24

/** On a terminal one line that grows; elsewhere a line each. */
function bar(done: number, all: number, what: string): void {
  const { stderr } = process
  if (!stderr.isTTY) {
    note(`${done} of ${all}: ${what}`)
    return
  }
  const filled = Math.round((done / all) * barWidth)
  const line = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${done} of ${all}  ${what}`
  stderr.write(`\r\u001b[K${line.slice(0, (stderr.columns ?? 80) - 1)}${done === all ? '\n' : ''}`)
}

function needed(value: string | undefined, question: string): string {
  if (value === undefined || value === '') throw new UsageError(question)
  return value
}

function print(what: unknown): number {
  process.stdout.write(`${JSON.stringify(what, undefined, 2)}\n`)
  return 0
}

function table(rows: readonly object[]): number {
  for (const row of rows)
    process.stdout.write(
      process.stdout.isTTY ? `${Object.values(row).join('  ')}\n` : `${JSON.stringify(row)}\n`,
    )
  return 0
}

function note(line: string): void {
  process.stderr.write(`${line}\n`)
}
