/** `carrel migrate`: every library brought to the present version, and back. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Operator } from './operator.ts'

export const migrateUsage = `  carrel migrate [--share S] [--concurrency N] [--no-snapshots]
                                   bring every library to this version, each copied before; a share (0.05) first:
                                   the others are not served until \`carrel migrate\` for all;
                                   without copies there is no undo
  carrel migrate status|pause|resume
  carrel migrate undo USER [--force]
                                   put a library back as it was before, for an older Carrel
`

export const migrateOptions = {
  share: { type: 'string', default: '1' },
  concurrency: { type: 'string', default: '8' },
  'no-snapshots': { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
} as const

export interface MigrateValues {
  readonly share: string
  readonly concurrency: string
  readonly 'no-snapshots': boolean
  readonly force: boolean
}

const pollMs = 200

/** What the command shows with: one line that grows, and the end. */
export interface Show {
  readonly bar: (done: number, all: number, what: string) => void
  readonly print: (what: unknown) => number
}

/**
 * @returns the exit code: 1 where a library failed
 * @throws RangeError for what cannot be done as it was said
 */
export async function runMigrate(
  { migration }: Operator,
  [verb, user]: readonly string[],
  values: MigrateValues,
  { bar, print }: Show,
): Promise<number> {
  if (verb === 'status') return print(await migration.status())
  if (verb === 'pause') return print(await migration.pause())
  if (verb === 'undo') {
    if (!user) throw new RangeError('whose? `carrel migrate undo USER`')
    return print(await migration.undo(user, values.force))
  }
  if (verb !== undefined && verb !== 'resume')
    throw new RangeError(`there is no \`carrel migrate ${verb}\``)
  let view = verb === 'resume' ? await migration.resume() : await migration.begin(wanted(values))
  while (view.state === 'running') {
    await sleep(pollMs)
    view = await migration.status()
    bar(view.migrated + view.failed, view.libraries, `${view.failed} failed`)
  }
  print(view)
  return view.failed === 0 ? 0 : 1
}

function wanted(values: MigrateValues): Parameters<Operator['migration']['begin']>[0] {
  const [share, concurrency] = [Number(values.share), Number(values.concurrency)]
  if (!(share > 0 && share <= 1)) throw new RangeError('--share takes a number up to 1')
  if (!(Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= 64))
    throw new RangeError('--concurrency takes a whole number up to 64')
  return { share, concurrency, hasSnapshots: !values['no-snapshots'] }
}
