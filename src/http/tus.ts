/** The tus 1.0 protocol (tus.io/protocols/resumable-upload), as far as headers go: read, checked, answered. */
import { createHash, type Hash } from 'node:crypto'
import type { Request, Response } from 'express'
import { Problem } from '../base/problem.ts'

export const tusVersion = '1.0.0'
export const tusExtensions = 'creation,creation-with-upload,termination,expiration,checksum'
/** The protocol asks for SHA-1; the other is there for those who do not trust it. */
export const checksumAlgorithms = ['sha1', 'sha256']
export const offsetMediaType = 'application/offset+octet-stream'

const metadataBytesMax = 4_096

/** @throws Problem `precondition_failed` for another version of the protocol, or none */
export function checkVersion(request: Request, response: Response): void {
  response.setHeader('Tus-Resumable', tusVersion)
  if (request.headers['tus-resumable'] === tusVersion) return
  response.setHeader('Tus-Version', tusVersion)
  throw new Problem('precondition_failed', `Send \`Tus-Resumable: ${tusVersion}\`.`)
}

/** A header that is a count of bytes. @throws Problem `invalid_request` when it is missing or is not one */
export function byteCount(request: Request, name: string): number {
  const given = request.headers[name.toLowerCase()]
  const count = typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : undefined
  if (count === undefined)
    throw new Problem('invalid_request', `The header ${name} has to be a number of bytes.`, {
      errors: [{ path: name, message: given === undefined ? 'is missing' : 'is not a number' }],
    })
  return count
}

/** `Upload-Metadata`: names and base64 values. @throws Problem `invalid_request` */
export function readMetadata(request: Request): Map<string, string> {
  const given = request.headers['upload-metadata']
  const metadata = new Map<string, string>()
  if (given === undefined || given === '') return metadata
  if (typeof given !== 'string' || given.length > metadataBytesMax) throw badMetadata()
  for (const pair of given.split(',')) {
    const [, name, value = ''] = /^ *([!-+\--~]+)(?: ([A-Za-z0-9+/]*={0,2}))? *$/.exec(pair) ?? []
    if (name === undefined || metadata.has(name)) throw badMetadata()
    metadata.set(name, Buffer.from(value, 'base64').toString('utf8'))
  }
  return metadata
}

function badMetadata(): Problem {
  return new Problem(
    'invalid_request',
    `Upload-Metadata has to be pairs of a name and a base64 value, with commas, at most ${metadataBytesMax} bytes.`,
    { errors: [{ path: 'Upload-Metadata', message: 'cannot be read' }] },
  )
}

/** What the bytes of this request have to add up to. */
export interface Checksum {
  readonly hash: Hash
  readonly expected: Buffer
}

/** @throws Problem `invalid_request` for an algorithm that is not offered */
export function readChecksum(request: Request): Checksum | undefined {
  const given = request.headers['upload-checksum']
  if (given === undefined) return undefined
  const [, algorithm = '', value = ''] = /^(\w+) ([A-Za-z0-9+/]+={0,2})$/.exec(String(given)) ?? []
  if (!checksumAlgorithms.includes(algorithm))
    throw new Problem(
      'invalid_request',
      `Upload-Checksum has to be one of ${checksumAlgorithms.join(', ')} and a base64 value.`,
      { errors: [{ path: 'Upload-Checksum', message: 'cannot be used' }] },
    )
  return { hash: createHash(algorithm), expected: Buffer.from(value, 'base64') }
}
