/** The documentation says what the code does: every setting, every problem code, every bench. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { describeSettings } from '../src/config.ts'
import { problemTypes } from '../src/http/problem.ts'

const operations = readFileSync('docs/operations.md', 'utf8')

test('every setting is listed with its default and meaning', () => {
  const ofTheMachine = ['SHARDS', 'EXTRACTORS']
  for (const { name, fallback, meaning } of describeSettings()) {
    const line = operations.split('\n').find((one) => one.startsWith(`| \`${name}\` |`))
    expect(line, name).toContain(meaning)
    if (!ofTheMachine.includes(name)) expect(line, name).toContain(`| ${fallback} |`)
  }
})

test('every problem code is listed with its status', () => {
  for (const [code, { status }] of Object.entries(problemTypes)) {
    const line = operations
      .split('\n')
      .find((one) => one.startsWith('| `') && one.includes(`\`${code}\``))
    expect(line, code).toContain(`| ${status} |`)
  }
})
