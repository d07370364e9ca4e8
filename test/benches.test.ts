/** Every bench in its short form: that it works, prints what docs/bench-json.md says and finds no fault; nothing is asked of its times. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { whyNoBench } from './helpers.ts'

const timeoutMs = 240_000
const names = [
  'fleet',
  'http',
  'keyword',
  'models',
  'neighbour',
  'overload',
  'shards',
  'snapshot',
  'soak',
  'tenants',
]
const documented = readFileSync(new URL('../docs/bench-json.md', import.meta.url), 'utf8')
const run = promisify(execFile)

interface Printed {
  readonly bench: string
  readonly commit: string
  readonly machine: string
  readonly rows: readonly Record<string, number | string | null>[]
  readonly ratios: Readonly<Record<string, number | null>>
}

/** What must be so however little is measured. */
const held: Readonly<Record<string, (ratios: Printed['ratios']) => void>> = {
  fleet: (ratios) => {
    expect(ratios).toMatchObject({ libraries: 8, refused: 0, pool_open_cap: 4 })
    expect(ratios['pool_open_max']).toBeLessThanOrEqual(4)
    expect(ratios['pool_open_max']).toBeGreaterThan(0)
    expect(ratios['descriptors_max']).toBeLessThanOrEqual(ratios['descriptors_cap'] ?? 0)
    expect(ratios['backup_bytes']).toBeGreaterThan(0)
  },
  overload: (ratios) => expect(ratios).toMatchObject({ other_than_refused: 0 }),
  soak: (ratios) => {
    expect(ratios).toMatchObject({ errors: 0 })
    expect(ratios['done']).toBeGreaterThan(0)
    expect(ratios['store_opens'], 'stores come and go').toBeGreaterThan(3)
  },
}

test.skipIf(whyNoBench !== undefined).for(names)(
  `%s ${whyNoBench ?? ''}`,
  { timeout: timeoutMs },
  async (name) => {
    const { stdout } = await run(process.execPath, ['bench/main.ts', name, '--short', '--json'], {
      env: { ...process.env, CARREL_TEST_DATA: '/nowhere' },
    })
    const printed = JSON.parse(stdout) as Printed
    expect(printed).toMatchObject({ bench: name, commit: expect.any(String) })
    expect(printed.rows.length).toBeGreaterThan(0)
    held[name]?.(printed.ratios)
    const columns = new Set(printed.rows.flatMap((row) => Object.keys(row)))
    const said = namesSaid(name)
    const all = [...columns, ...Object.keys(printed.ratios)]
    const missing = all.filter((word) => !said.some((form) => form.test(word)))
    expect(missing, `not said in docs/bench-json.md, "JSON of ${name}"`).toEqual([])
  },
)

/** The names that the page gives for this bench's JSON; a word in capitals stands for what differs. */
function namesSaid(name: string): RegExp[] {
  const [, after = ''] = documented.split(`### JSON of \`${name}\`\n`)
  const section = after.split('\n#')[0] ?? ''
  const quoted = [...section.matchAll(/`([^`]+)`/g)].map(([, form = '']) => form)
  return quoted.map(
    (form) =>
      new RegExp(
        `^${form.replaceAll(/[A-Z]+/g, (word) => (isPlaceholder(word) ? '[a-z0-9_]+' : word))}$`,
      ),
  )
}

function isPlaceholder(word: string): boolean {
  return ['OPERATION', 'MODEL', 'KIND', 'M', 'N', 'FIGURE'].includes(word)
}
