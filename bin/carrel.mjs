#!/usr/bin/env node
/** The command: finds a Node.js that can run Carrel before anything native is loaded, then hands over. */
import { spawn } from 'node:child_process'
import module, { createRequire } from 'node:module'

const needed = [24, 12]
const [major, minor] = process.versions.node.split('.').map(Number)

if (major > needed[0] || (major === needed[0] && minor >= needed[1])) {
  // Stripped and compiled code is kept for the next start: it takes half the time and a quarter less memory.
  const { directory } = module.enableCompileCache()
  // Threads look in the environment.
  if (directory) process.env.NODE_COMPILE_CACHE ??= directory
  await import('../src/cli.ts')
} else {
  const node = bundledNode()
  if (node && process.env.CARREL_REEXECUTED !== '1') {
    const child = spawn(
      node,
      [import.meta.filename ?? new URL(import.meta.url).pathname, ...process.argv.slice(2)],
      {
        stdio: 'inherit',
        env: { ...process.env, CARREL_REEXECUTED: '1' },
      },
    )
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(signal, () => child.kill(signal))
    child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
  } else {
    console.error(
      `Carrel needs Node.js ${needed.join('.')} or newer and found ${process.versions.node}: install it, or run \`npm ci\` here, which brings one.`,
    )
    process.exit(1)
  }
}

/** The `node` package among the development dependencies, where it was installed. */
function bundledNode() {
  try {
    return createRequire(import.meta.url).resolve('node/bin/node')
  } catch {
    return undefined
  }
}
