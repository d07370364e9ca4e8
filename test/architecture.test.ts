/** Checks the shape of the code itself: floors, sizes, homes of outside packages and of SQL, dead files, circles. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const linesMax = 300
/** What starts a process or a thread; everything else must be imported by something. */
const entries = [
  'cli.ts',
  'threads/shard-worker.ts',
  'threads/extractor-child.ts',
  'threads/fit-worker.ts',
  'threads/copy-worker.ts',
  'threads/import-worker.ts',
  'threads/import-builder.ts',
  'threads/import-reader.ts',
  'control/control-worker.ts',
]
/** A file may import its own folder and folders on lower floors, never a neighbour or a higher floor. */
const floors = [
  ['base'],
  ['tenancy', 'ingest'],
  ['library', 'search'],
  ['threads'],
  ['control'],
  ['auth', 'rag'],
  ['http'],
  ['.'],
]
/** The only files or folders that may mention these. */
const homes: [RegExp, RegExp][] = [
  [/from 'better-sqlite3'/, /^base\/(sqlite|file-lock)\.ts$/],
  [/from 'sqlite-vec'/, /^(base|search)\//],
  [/from '(express|multer|helmet|content-disposition)'/, /^http\//],
  [/from '@modelcontextprotocol\//, /^(http\/mcp(-tools)?|cli-mcp)\.ts$/],
  [/import\('@opentelemetry/, /^http\/tracing\.ts$/],
  // It costs some ten megabytes: whoever sends no traces does not load it.
  [/^import (?!type )[^\n]*@opentelemetry/m, /^$/],
  [/from 'prom-client'/, /^(base\/metrics|http\/.*)\.ts$/],
  [/from 'pino'/, /^base\/log\.ts$/],
  [/from 'jose[/']/, /^(auth\/.*|cli)\.ts$/],
  [/from 'openid-client'/, /^auth\/oidc\.ts$/],
  [
    /from '(@hyzyla\/pdfium|pdfjs-dist[^']*|marked|chardet|file-type|yauzl|htmlparser2|linkedom|@mozilla\/readability|csv-parse[^']*|eld[^']*)'/,
    /^ingest\//,
  ],
  [/from '@orama\/stemmers[^']*'/, /^search\//],
  [/from 'lru-cache'/, /^(tenancy|auth|rag)\//],
  [/\bprocess\.env\b/, /^config\.ts$/],
  // In a process that opens a user's files and knows no other SQLite.
  [/from 'node:sqlite'/, /^threads\/import-reader\.ts$/],
  [
    /\bnew (Control|Shards|TenantDirectory|IngestRunner|FitRunner)\b|\bControl\.open\b/,
    /^(context|work|control\/control)\.ts$/,
  ],
]
const sql =
  /^\s*(?:export )?const \w+ =\s*['`]?\s*(select|insert|update|delete|create)\b|['`](select .+ from|insert (or \w+ )?into|update \w+ set|delete from|create table)\b/im
const sqlHomes = /^(base\/sqlite|tenancy|library|search|control)(\/|\.ts)/

/** Of the web app, the lowest first; the shapes that the server speaks are everybody’s. */
const floorOfWeb = (path: string): number =>
  [
    'strings',
    'api/types',
    'lib/',
    'base/',
    'api/',
    'state/',
    'pdf/',
    'views/',
    'main.tsx',
  ].findIndex((floor) => path.startsWith(floor))

const files = globSync('**/*.ts', { cwd: 'src' }).map((path) => {
  const text = readFileSync(join('src', path), 'utf8')
  const imports = [
    ...text.matchAll(/(?:from|import) '(\.[^']+)'|import\('(\.[^']+)'\)|new URL\('(\.[^']+\.ts)'/g),
  ].map((m) => join(path, '..', m[1] ?? m[2] ?? m[3] ?? ''))
  return { path, text, imports }
})
const folderOf = (path: string): string =>
  path.includes('/') ? path.slice(0, path.indexOf('/')) : '.'
const floorOf = (path: string): number =>
  floors.findIndex((floor) => floor.includes(folderOf(path)))

test('every folder stands on a floor', () => {
  expect(files.filter(({ path }) => floorOf(path) < 0).map(({ path }) => path)).toEqual([])
})

test('imports only go down', () => {
  const wrong = files.flatMap(({ path, imports }) =>
    imports
      .filter((to) => folderOf(to) !== folderOf(path) && floorOf(to) >= floorOf(path))
      .map((to) => `${path} → ${to}`),
  )
  expect(wrong).toEqual([])
})

test('there are no circles', () => {
  const importsOf = new Map(files.map(({ path, imports }) => [path, imports]))
  const done = new Set<string>()
  const circles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
    else if (!done.has(path)) {
      for (const to of importsOf.get(path) ?? []) visit(to, [...trail, path])
      done.add(path)
    }
  }
  for (const { path } of files) visit(path, [])
  expect(circles).toEqual([])
})

test('every file is short and says first what it is for', () => {
  const wrong = files.filter(
    ({ text }) => text.split('\n').length > linesMax || !text.startsWith('/**'),
  )
  expect(wrong.map(({ path }) => path)).toEqual([])
})

test('outside packages, the environment and the composition have one home', () => {
  const wrong = homes.flatMap(([what, home]) =>
    files
      .filter(({ path, text }) => what.test(text) && !home.test(path))
      .map(({ path }) => `${path}: ${what}`),
  )
  expect(wrong).toEqual([])
})

test('the parts of the composition root are built by it alone', () => {
  const builders = files.filter(({ imports }) =>
    imports.some((to) =>
      /^(work|serving|care|model-settings|records|notices|secrets)\.ts$/.test(to),
    ),
  )
  const allowed = /^(context|work|serving|records|operator|cli-operator|doctor-keys)\.ts$/
  expect(builders.map(({ path }) => path).filter((path) => !allowed.test(path))).toEqual([])
  expect(builders.length).toBeGreaterThan(0)
})

test('SQL lives beside its table', () => {
  expect(
    files
      .filter(({ path, text }) => sql.test(text) && !sqlHomes.test(path))
      .map(({ path }) => path),
  ).toEqual([])
})

test('database files are opened by SQLite alone', () => {
  const wrong = files.filter(({ text }) =>
    /(?<!Control\.)\b(open|openSync|readFile|readFileSync|copyFile|copyFileSync|createReadStream|cp|cpSync)\([^)]*(app|vecs|control)Db/i.test(
      text,
    ),
  )
  expect(wrong.map(({ path }) => path)).toEqual([])
})

test('the web app keeps to its floors: logic needs no browser, and only the reader knows pdf.js', () => {
  const web = globSync('**/*.{ts,tsx}', { cwd: 'web/src' }).map((path) => {
    const text = readFileSync(join('web/src', path), 'utf8')
    return {
      path,
      text,
      to: [...text.matchAll(/from '(\.[^']+)'/g)].map((m) => join(path, '..', m[1] ?? '')),
    }
  })
  const wrong = web.flatMap(({ path, text, to }) => [
    ...(/from 'pdfjs-dist/.test(text) && !/^(pdf\/|views\/pdf-view)/.test(path)
      ? [`${path}: pdf.js`]
      : []),
    ...(/dangerouslySetInnerHTML|\binnerHTML\b|insertAdjacentHTML/.test(text)
      ? [`${path}: markup`]
      : []),
    ...to
      .filter(
        (target) =>
          (!target.startsWith('..') && floorOfWeb(target) > floorOfWeb(path)) ||
          (target.startsWith('..') && !/^\.\.\/\.\.\/(samples|clients\/ts\/src)\//.test(target)),
      )
      .map((target) => `${path} → ${target}`),
  ])
  expect(wrong).toEqual([])
  expect(web.length).toBeGreaterThan(30)
})

test('no file is dead', () => {
  const reached = new Set([...entries, ...files.flatMap(({ imports }) => imports)])
  expect(files.filter(({ path }) => !reached.has(path)).map(({ path }) => path)).toEqual([])
})
