/**
 * Builds the web app into web/dist when its sources changed since the last build; a build is put in place whole.
 * `--or-go-on`: before `npm start`, where a server without a new app is better than none.
 */
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const root = import.meta.dirname
const dist = join(root, 'dist')
const mark = join(dist, '.sources')
const compressible = /\.(js|mjs|css|html|svg|json|wasm)$/
const packages = ['vite', 'preact', 'pdfjs-dist']

try {
  await buildIfChanged()
} catch (error) {
  console.error(`carrel: the web app could not be built: ${error?.message ?? error}`)
  if (!process.argv.includes('--or-go-on')) process.exitCode = 1
}

async function buildIfChanged() {
  const sources = hashSources()
  if (existsSync(mark) && readFileSync(mark, 'utf8') === sources) return
  const vite = await import('vite').catch(() => undefined)
  if (!vite) {
    // Without the development packages there is what somebody built before, or the API alone.
    if (!existsSync(dist)) console.error('carrel: no web app: it is built where `npm ci` ran whole')
    return
  }
  const startedMs = performance.now()
  const made = join(root, `.build-${process.pid}`)
  try {
    await vite.build({
      configFile: join(root, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: made, emptyOutDir: true },
    })
    for (const file of globSync('**/*', { cwd: made }))
      if (compressible.test(file)) compress(join(made, file))
    writeFileSync(join(made, '.sources'), sources)
    putInPlace(made, sources)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
  console.error(`carrel: web app built in ${Math.round(performance.now() - startedMs)} ms`)
}

function putInPlace(made, sources) {
  try {
    rmSync(dist, { recursive: true, force: true })
    renameSync(made, dist)
  } catch (error) {
    // Another build of the same was quicker.
    if (!existsSync(mark) || readFileSync(mark, 'utf8') !== sources) throw error
  }
}

function hashSources() {
  const hash = createHash('sha256')
  const files = globSync(['web/**/*', 'samples/*', 'clients/ts/src/*'], {
    cwd: join(root, '..'),
    withFileTypes: true,
    exclude: (entry) => /^(dist|shots|\.build-.*)$/.test(entry.name),
  })
  const paths = files
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  for (const path of paths.toSorted())
    hash.update(path.slice(root.length)).update(readFileSync(path))
  const { devDependencies } = JSON.parse(readFileSync(join(root, '../package.json'), 'utf8'))
  for (const name of packages) hash.update(`${name} ${devDependencies[name]}`)
  return hash.digest('hex')
}

function compress(path) {
  const bytes = readFileSync(path)
  const small = gzipSync(bytes, { level: 9 })
  if (small.length < bytes.length) writeFileSync(`${path}.gz`, small)
}
