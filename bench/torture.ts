/** `npm run torture -- NAME [--seed N] [--json] …`: breaks Carrel on purpose and counts what was lost. */

import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { parseArgs } from 'node:util'
import { copy } from './torture/copy.ts'
import { corrupt } from './torture/corrupt.ts'
import { crash } from './torture/crash.ts'
import { descriptors } from './torture/descriptors.ts'
import { diskFull } from './torture/disk-full.ts'
import { embed } from './torture/embed.ts'
import { erase } from './torture/erase.ts'
import { fuzz } from './torture/fuzz.ts'
import { importing } from './torture/import.ts'
import { ioErrors } from './torture/io-errors.ts'
import { isolation } from './torture/isolation.ts'
import { migrate } from './torture/migrate.ts'
import { powercut } from './torture/powercut.ts'
import { uploads } from './torture/uploads.ts'

/** What is left out is each torture's own default. */
export interface TortureOptions {
  readonly seed: number
  /** How often to kill, cut or break. */
  readonly kills?: number | undefined
  /** Copies, requests or rounds. */
  readonly rounds?: number | undefined
  /** How many files to send or to spoil. */
  readonly files?: number | undefined
  /** How large a file is. */
  readonly megabytes?: number | undefined
  /** How large the library is, for those that make one. */
  readonly passages?: number | undefined
  /** `normal`: the server is weakened, to show that it is noticed. */
  readonly synchronous?: string | undefined
  /** Where real documents are, or undefined. */
  readonly testData?: string | undefined
  readonly say: (line: string) => void
}

export interface TortureResult {
  readonly figures: Readonly<Record<string, number | string>>
  readonly failures: readonly Readonly<Record<string, unknown>>[]
}

const tortures: Readonly<Record<string, (options: TortureOptions) => Promise<TortureResult>>> = {
  copy,
  corrupt,
  crash,
  descriptors,
  'disk-full': diskFull,
  embed,
  erase,
  fuzz,
  import: importing,
  'io-errors': ioErrors,
  isolation,
  migrate,
  powercut,
  uploads,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    kills: { type: 'string' },
    rounds: { type: 'string' },
    files: { type: 'string' },
    megabytes: { type: 'string' },
    passages: { type: 'string' },
    synchronous: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
// For the servers and threads that are started here again and again.
process.env['NODE_COMPILE_CACHE'] ??= enableCompileCache().directory
const name = positionals[0] ?? ''
const torture = tortures[name]
if (!torture) {
  console.error(`which torture? one of: ${Object.keys(tortures).join(', ')}`)
  process.exit(2)
}
const seed = numberOf(values.seed) ?? Math.floor(Math.random() * 2 ** 31)
const testData = process.env['CARREL_TEST_DATA'] ?? '../shared/data'
console.error(`torture ${name}, seed ${seed}`)
const { figures, failures } = await torture({
  seed,
  kills: numberOf(values.kills),
  rounds: numberOf(values.rounds),
  files: numberOf(values.files),
  megabytes: numberOf(values.megabytes),
  passages: numberOf(values.passages),
  synchronous: values.synchronous,
  testData: existsSync(testData) ? testData : undefined,
  say: (line) => console.error(line),
})
if (values.json) console.log(JSON.stringify({ torture: name, seed, figures, failures }))
else {
  console.table(figures)
  for (const failure of failures) console.log('FAILED', failure)
  console.log(failures.length === 0 ? 'nothing was lost' : `${failures.length} failures`)
}
process.exitCode = failures.length === 0 ? 0 : 1

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}
