/** Test settings: Node's own loader, so that tests run exactly the code the server runs. */
import { defineConfig } from 'vitest/config'

const config = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Many tests wait for processes and disks: two files at once use what one leaves.
    maxWorkers: 2,
    experimental: { viteModuleRunner: false },
  },
})

export { config as default }
