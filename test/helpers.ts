/** What several tests need: temporary directories that go away again. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'

/** A directory of its own, removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'carrel-test-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A directory for all tests of a file, removed after the last. */
export function keptDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'carrel-test-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A folder of the shared test data (`CARREL_TEST_DATA`, or `../shared/data` beside the repository), or undefined. */
export function testData(folder: string): string | undefined {
  const root = process.env['CARREL_TEST_DATA'] ?? '../shared/data'
  const path = join(root, folder)
  return existsSync(path) ? path : undefined
}

/** Why the benches in small are not run, or undefined where they are. */
export const whyNoBench =
  process.env['CARREL_BENCH'] === '1' ? undefined : '(skipped: `npm run test:bench` runs these)'
