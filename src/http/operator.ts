/** Whether a request is the operator's: by ADMIN_TOKEN, by the token of this run, or in local mode from this machine. */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Request } from 'express'
import type { Authenticate } from '../auth/principal.ts'
import { Problem } from '../base/problem.ts'

export interface OperatorOptions {
  readonly authenticate: Authenticate
  readonly adminToken?: string | undefined
  /** For the command line on the same machine: whoever can read the data directory rules it anyway. */
  readonly runToken?: string | undefined
}

/**
 * With a login only the operator's token opens the door: behind a proxy everybody comes from loopback. Without one, in local
 * mode, whoever is on this machine may come in.
 * @throws Problem `unauthorized`, `forbidden`
 */
export async function allowOperator(
  request: Request,
  { adminToken, runToken, authenticate }: OperatorOptions,
): Promise<void> {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? []
  if (token !== undefined && [adminToken, runToken].some((known) => isSameSecret(token, known)))
    return
  const principal = await authenticate(request)
  if (principal.proof !== 'local' || !isLoopback(request.socket.remoteAddress))
    throw new Problem('forbidden', 'This is for the operator: send ADMIN_TOKEN.')
}

/** In the same time whatever they are: hashes have one length. */
function isSameSecret(a: string, b: string | undefined): boolean {
  return (
    b !== undefined && timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'))
  )
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address)
}
