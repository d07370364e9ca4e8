/** nginx and Caddy in the foreground, with the settings of deploy/ but for names, ports and the certificate. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'vitest'

/** As in deploy/nginx.conf. */
export const name = 'carrel.example'

export interface RunningProxy {
  /** For https. */
  readonly port: number
  /** Where it would keep a body before it sends it on. */
  readonly bodies: string
  readonly stop: () => Promise<void>
}

/** For the name, known to its clients alone. @returns the certificate, PEM */
export function makeCertificate(directory: string): string {
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const who = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`]
  execFileSync('openssl', ['req', '-x509', ...kind, ...who, '-keyout', key, '-out', certificate], {
    stdio: 'ignore',
  })
  return readFileSync(certificate, 'utf8')
}

/** @param upstream host and port of the server; @param directory with the certificate */
export async function startNginx(upstream: string, directory: string): Promise<RunningProxy> {
  const [http, https] = [await freePort(), await freePort()]
  const site = replaced(readFileSync('deploy/nginx.conf', 'utf8'), [
    ['server 127.0.0.1:8080;', `server ${upstream};`],
    ['listen 80;', `listen 127.0.0.1:${http};`],
    ['listen 443 ssl', `listen 127.0.0.1:${https} ssl`],
    ['/etc/letsencrypt/live/carrel.example/fullchain.pem', join(directory, 'certificate.pem')],
    ['/etc/letsencrypt/live/carrel.example/privkey.pem', join(directory, 'key.pem')],
  ])
  writeFileSync(join(directory, 'site.conf'), site)
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(directory, kind)};`,
  )
  const config = `daemon off; pid ${directory}/pid; error_log ${directory}/error.log;
${process.getuid?.() === 0 ? 'user root;' : ''} worker_processes 1; events {}
http { access_log off; ${places.join(' ')} include ${directory}/site.conf; }`
  writeFileSync(join(directory, 'nginx.conf'), config)
  const stop = await running(
    spawn('nginx', ['-p', directory, '-c', join(directory, 'nginx.conf')]),
    https,
  )
  return { port: https, bodies: join(directory, 'client_body'), stop }
}

/** As `startNginx`. */
export async function startCaddy(upstream: string, directory: string): Promise<RunningProxy> {
  const https = await freePort()
  const files = `${join(directory, 'certificate.pem')} ${join(directory, 'key.pem')}`
  const site = replaced(readFileSync('deploy/Caddyfile', 'utf8'), [
    ['{$CARREL_HOST:carrel.example} {', `{$CARREL_HOST:carrel.example}:${https} {\n\ttls ${files}`],
  ])
  const path = join(directory, 'Caddyfile')
  // No administration by HTTP, no listening for http, and its files where they go away again.
  writeFileSync(path, `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`)
  const home = join(directory, 'caddy')
  mkdirSync(home)
  const env = { PATH: process.env['PATH'], HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home }
  const args = ['run', '--adapter', 'caddyfile', '--config', path]
  const stop = await running(
    spawn('caddy', args, { env: { ...env, CARREL_UPSTREAM: upstream, TMPDIR: home } }),
    https,
  )
  return { port: https, bodies: home, stop }
}

function replaced(config: string, changes: readonly [string, string][]): string {
  return changes.reduce((changed, [from, to]) => {
    expect(changed).toContain(from)
    return changed.replaceAll(from, to)
  }, config)
}

/** @returns what ends it. @throws Error with what it said, when it does not listen */
async function running(child: ChildProcess, port: number): Promise<() => Promise<void>> {
  const said: string[] = []
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  const exited = once(child, 'exit')
  for (let tries = 0; !(await isListening(port)); tries++) {
    if (child.exitCode !== null || tries === 200) throw new Error(said.join(''))
    await setTimeout(50)
  }
  return async () => {
    child.kill('SIGTERM')
    await exited
  }
}

function isListening(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
