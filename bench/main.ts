/** `npm run bench -- NAME [--json | --markdown] [--sizes N,N | --short] [--against CHECKOUT]`: measures Carrel beside a peer, in one run. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chatBench } from './chat.ts'
import { documentsBench } from './documents.ts'
import { run as runExtract } from './extract.ts'
import { fairBench } from './fair.ts'
import { fleetBench } from './fleet.ts'
import { httpBench } from './http.ts'
import { keywordBench } from './keyword.ts'
import { type BenchContext, type BenchResult, printResult } from './lib/report.ts'
import { modelsBench } from './models.ts'
import { neighbourBench } from './neighbour.ts'
import { overloadBench } from './overload.ts'
import { shardsBench } from './shards.ts'
import { snapshotBench } from './snapshot.ts'
import { soakBench } from './soak.ts'
import { tenantsBench } from './tenants.ts'
import { vectorsBench } from './vectors.ts'

interface BenchOptions extends BenchContext {
  readonly sizes: readonly number[] | undefined
  readonly short: boolean
  /** The folder of another checkout. */
  readonly against: string | undefined
}

const benches: Readonly<Record<string, (options: BenchOptions) => Promise<BenchResult>>> = {
  documents: documentsBench,
  keyword: keywordBench,
  extract: extractBench,
  chat: chatBench,
  fair: fairBench,
  fleet: fleetBench,
  http: httpBench,
  models: modelsBench,
  neighbour: neighbourBench,
  shards: shardsBench,
  overload: overloadBench,
  snapshot: snapshotBench,
  soak: soakBench,
  tenants: (options) => tenantsBench({ ...options, ...(options.short && { samples: fewSamples }) }),
  vectors: ({ testData, say }) => {
    if (!testData) throw new Error('`vectors` needs the judged collections: set CARREL_TEST_DATA.')
    return vectorsBench({ testData, say })
  },
}

const fewSamples = { starts: 1, cold: 6, warm: 10, crowd: 15 }

/** As small as each can be and still do all that it does: shows that it works, and measures nothing. */
const shortSizes: Readonly<Record<string, readonly number[]>> = {
  fleet: [8],
  http: [1, 100, 150],
  keyword: [60],
  models: [4, 40, 0.02, 1],
  neighbour: [0.5, 1, 20],
  overload: [1, 10],
  shards: [1, 100, 5],
  snapshot: [2, 10],
  soak: [1, 1],
  tenants: [6, 12],
}

async function extractBench({ testData }: BenchOptions): Promise<BenchResult> {
  if (!testData) throw new Error('`extract` needs real documents: set CARREL_TEST_DATA.')
  const { rows, ratios } = await runExtract({ folder: join(testData, 'docs', 'good') })
  return { rows: rows.map((row) => ({ ...row })), ratios }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
    sizes: { type: 'string' },
    short: { type: 'boolean', default: false },
    against: { type: 'string' },
  },
})
const name = positionals[0] ?? ''
const bench = benches[name]
if (!bench) {
  console.error(`which bench? one of: ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}
if (values.short && !shortSizes[name]) {
  console.error(`${name} has no short form; these have: ${Object.keys(shortSizes).join(', ')}`)
  process.exit(2)
}
const place = process.env['CARREL_TEST_DATA'] ?? '../shared/data'
const result = await bench({
  testData: existsSync(place) ? place : undefined,
  say: (line) => console.error(line),
  sizes: values.short ? shortSizes[name] : values.sizes?.split(',').map(Number),
  short: values.short,
  against: values.against,
})
printResult(name, result, values.json ? 'json' : values.markdown ? 'markdown' : 'tables')
