/** Test settings: Node's own loader, so that tests run exactly the code the server runs. */
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

// Code is stripped of its types once, not once a process.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'node-compile-cache')

const config = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Many tests wait for processes and disks: two files at once use what one leaves.
    maxWorkers: 2,
    // A process for every file would load the same modules a hundred times. No file may leave anything behind for the next.
    isolate: false,
    experimental: { viteModuleRunner: false },
  },
})

export { config as default }
