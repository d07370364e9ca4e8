/** Whether a request is the operator's: by ADMIN_TOKEN, by the token of this run, or in local mode from this machine. */
import type { Request } from 'express'
import { isSameSecret } from '../auth/operator.ts'
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
  const isKnown = (known: string | undefined): boolean =>
    token !== undefined && known !== undefined && isSameSecret(token, known)
  if (isKnown(adminToken) || isKnown(runToken)) return
  const principal = await authenticate(request)
  if (principal.proof !== 'local' || !isLoopback(request.socket.remoteAddress))
    throw new Problem('forbidden', 'This is for the operator: send ADMIN_TOKEN.')
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address)
}
