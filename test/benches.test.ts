/** Every bench in its short form: that it works and prints what docs/bench-json.md says; nothing is asked of its times. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const whyNot =
  process.env['CARREL_BENCH'] === '1'
    ? undefined
    : '(npm run test:bench runs these: they take a minute or two)'
const timeoutMs = 240_000
const names = ['fleet', 'http', 'keyword', 'neighbour', 'shards', 'snapshot']
const documented = readFileSync(new URL('../docs/bench-json.md', import.meta.url), 'utf8')
const run = promisify(execFile)

interface Printed {
  readonly bench: string
  readonly commit: string
  readonly machine: string
  readonly rows: readonly Record<string, number | string | null>[]
  readonly ratios: Readonly<Record<string, number | null>>
}

test.skipIf(whyNot !== undefined).for(names)(
  `%s ${whyNot ?? ''}`,
  { timeout: timeoutMs },
  async (name) => {
    const { stdout } = await run(process.execPath, ['bench/main.ts', name, '--short', '--json'], {
      env: { ...process.env, CARREL_TEST_DATA: '/nowhere' },
    })
    const printed = JSON.parse(stdout) as Printed
    expect(printed).toMatchObject({ bench: name, commit: expect.any(String) })
    expect(printed.rows.length).toBeGreaterThan(0)
    const columns = new Set(printed.rows.flatMap((row) => Object.keys(row)))
    const said = sectionOf(name)
    const missing = [...columns, ...Object.keys(printed.ratios)].filter(
      (word) => !said.includes(`\`${word}\``),
    )
    expect(missing, `not said in docs/bench-json.md, "JSON of ${name}"`).toEqual([])
  },
)

/** What the page says of the names in this bench's JSON. */
function sectionOf(name: string): string {
  const [, section = ''] = documented.split(`### JSON of \`${name}\`\n`)
  return section.split('\n#')[0] ?? ''
}
