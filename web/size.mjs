/** Prints how much script and style the first screen loads, compressed, and what comes later. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

const scriptBytesMax = 200_000
const dist = join(import.meta.dirname, 'dist')
const html = readFileSync(join(dist, 'index.html'), 'utf8')
const first = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)].map((m) => m[1])
let script = 0
for (const path of first) {
  const bytes = statSync(join(dist, `${path}.gz`)).size
  if (path.endsWith('.js')) script += bytes
  console.log(`${String(bytes).padStart(8)}  ${path}`)
}
console.log(
  `${String(script).padStart(8)}  compressed script of the first screen, of ${scriptBytesMax} allowed`,
)
if (script === 0 || script > scriptBytesMax) process.exitCode = 1
