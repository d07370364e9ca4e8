/** What `carrel doctor` and the operator's screen look at alike: settings, machine, doors; no library is opened. */
import { storesByDescriptors } from './base/descriptors.ts'
import { type Config, environmentOf } from './config.ts'
import {
  checkDataDir,
  checkDescriptors,
  checkDisk,
  checkRuntime,
  checkSnapshotsDir,
  checkTiers,
  type Machine,
  machineOf,
} from './doctor-checks.ts'
import { checkLogin, checkNeighbours, checkOcr, checkPort, checkProvider } from './doctor-doors.ts'
import { type Finding, good } from './doctor-finding.ts'
import { checkKeyFiles } from './doctor-keys.ts'
import { ocrVariables } from './threads/ocr-program.ts'

export interface Examined {
  /** The environment; the process's own when not given. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  readonly given?: Partial<Machine>
  /** Then it is the server that has the port. */
  readonly isRunning: boolean
}

export async function examineMachine(
  config: Config,
  { env, given = {}, isRunning }: Examined,
): Promise<Finding[]> {
  const environment = environmentOf(ocrVariables, env)
  const machine = {
    ...machineOf(config, environment, storesByDescriptors(config.SHARDS)),
    ...given,
  }
  return [
    good('settings', 'they can be used'),
    ...checkRuntime(machine),
    ...checkDataDir(config),
    checkDisk(config, machine),
    checkDescriptors(machine),
    ...checkSnapshotsDir(config),
    ...checkTiers(config),
    ...checkKeyFiles(config),
    ...checkLogin(config),
    ...(await checkPort(config, isRunning)),
    ...(await checkOcr(config, machine)),
    ...(await checkNeighbours(config, machine)),
    ...(await checkProvider(config, machine)),
  ]
}
