/** `carrel doctor`: looks at everything that may be wrong with a set-up, and says what to do. */
import { existsSync } from 'node:fs'
import { Problem, type ProblemCode } from './base/problem.ts'
import { type Config, ConfigError, readConfig } from './config.ts'
import { readServerAddress } from './control/server-address.ts'
import { keptServerKey } from './control/server-key.ts'
import type { Machine } from './doctor-checks.ts'
import { type Finding, fault, good, messageOf, warning } from './doctor-finding.ts'
import { checkSecretsOpen } from './doctor-keys.ts'
import { examineMachine } from './doctor-machine.ts'
import { openOperator } from './operator.ts'
import { controlDbPath } from './tenancy/layout.ts'

/** What to do about a library that cannot be opened. */
const remedies: Partial<Record<ProblemCode, (user: string) => string>> = {
  tenant_damaged: (user) =>
    `Put a snapshot in its place: carrel snapshots ${user}, carrel restore ${user} NAME --replace`,
  tenant_mismatch: (user) =>
    `Put the right directory back, or, if this one is meant: carrel tenant adopt ${user}`,
  tenant_newer: () => 'Run the version of Carrel that wrote it, or a newer one.',
  tenant_suspended: (user) => `If it is not meant any more: carrel tenant resume ${user}`,
  tenant_at_rest: (user) => `If the copy is made: carrel tenant release ${user}`,
  disk_full: () => 'Make room on the disk.',
  overloaded: () =>
    'Raise the limit on open files (`ulimit -n`), or try again when less is going on.',
}
/** Somebody wanted it so. */
const wanted: readonly ProblemCode[] = ['tenant_suspended', 'tenant_at_rest', 'tenant_restoring']

/** @param env the environment; the process's own when not given */
export async function examine(
  env?: Readonly<Record<string, string | undefined>>,
  given: Partial<Machine> = {},
): Promise<Finding[]> {
  const config = readSettings(env)
  if (!('DATA_DIR' in config)) return [config]
  const isRunning = await answers(config)
  const found = await examineMachine(config, { env, given, isRunning })
  const isBroken = found.some(({ level, check }) => level === 'fault' && check !== 'port')
  if (isBroken && !isRunning)
    return [
      ...found,
      warning('libraries', 'They were not looked at.', 'Mend the faults above first.'),
    ]
  return [...found, ...(await checkLibraries(config))]
}

/** @returns the exit code: 0 without faults, 1 with */
export async function runDoctor(isJson: boolean): Promise<number> {
  const found = await examine()
  if (isJson) process.stdout.write(`${JSON.stringify({ findings: found })}\n`)
  else
    for (const { check, level, what, remedy } of found) {
      const mark = { ok: 'ok     ', warning: 'warning', fault: 'FAULT  ' }[level]
      process.stdout.write(`${mark}  ${check}: ${what}\n${remedy ? `         → ${remedy}\n` : ''}`)
    }
  return found.some(({ level }) => level === 'fault') ? 1 : 0
}

function readSettings(
  env: Readonly<Record<string, string | undefined>> | undefined,
): Config | Finding {
  try {
    // As `carrel serve --make-key` finds it, without making one.
    return readConfig(env, (dataDir) => keptServerKey(dataDir))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const [name = ''] = error.message.split(':')
    return fault(
      'settings',
      error.message,
      `Change ${name} in the environment or in .env; docs/operations.md lists every setting.`,
    )
  }
}

async function answers({ DATA_DIR }: Config): Promise<boolean> {
  const address = readServerAddress(DATA_DIR)
  if (!address) return false
  return fetch(`${address.url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function checkLibraries(config: Config): Promise<Finding[]> {
  if (!existsSync(controlDbPath(config.DATA_DIR))) return [good('libraries', 'there are none yet')]
  try {
    await using operator = await openOperator(config)
    const all = await operator.list()
    const found: Finding[] = []
    for (const { tenant, user_id } of all) {
      const problem = await operator.health(tenant)
      if (!problem) continue
      const remedy = remedies[problem.code]?.(user_id) ?? 'Look into the log of the server.'
      const level = wanted.includes(problem.code) ? warning : fault
      found.push(level(`library ${tenant}`, problem.detail, remedy))
    }
    const secrets = await checkSecretsOpen(operator)
    return [
      ...secrets,
      good('libraries', `${all.length - found.length} of ${all.length} can be opened`),
      ...found,
    ]
  } catch (error) {
    const isDamaged =
      error instanceof Problem || /damaged|not a database|of version/.test(messageOf(error))
    return [
      fault(
        'records',
        messageOf(error),
        isDamaged
          ? 'Put control.db of a backup in its place: carrel restore --all DIR; or update Carrel, if it is newer.'
          : 'Look into the log of the server.',
      ),
    ]
  }
}
