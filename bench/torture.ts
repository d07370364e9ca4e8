/** `npm run torture -- NAME [--seed N] [--json] …`: breaks Carrel on purpose and counts what was lost. */
import { parseArgs } from 'node:util'
import { copy } from './torture/copy.ts'
import { corrupt } from './torture/corrupt.ts'
import { crash } from './torture/crash.ts'
import { isolation } from './torture/isolation.ts'

export interface TortureOptions {
  readonly seed: number
  /** How often to kill, cut or break; each torture has its own default. */
  readonly kills: number | undefined
  /** Copies, requests or rounds; each torture has its own default. */
  readonly rounds: number | undefined
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
  isolation,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    kills: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const name = positionals[0] ?? ''
const torture = tortures[name]
if (!torture) {
  console.error(`which torture? one of: ${Object.keys(tortures).join(', ')}`)
  process.exit(2)
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
console.error(`torture ${name}, seed ${seed}`)
const { figures, failures } = await torture({
  seed,
  kills: values.kills === undefined ? undefined : Number(values.kills),
  rounds: values.rounds === undefined ? undefined : Number(values.rounds),
  say: (line) => console.error(line),
})
if (values.json) console.log(JSON.stringify({ torture: name, seed, figures, failures }))
else {
  console.table(figures)
  for (const failure of failures) console.log('FAILED', failure)
  console.log(failures.length === 0 ? 'nothing was lost' : `${failures.length} failures`)
}
process.exitCode = failures.length === 0 ? 0 : 1
