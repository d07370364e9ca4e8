/** Sends one file: a small one as a form, a large one in pieces that go on where they were after a cut. */
import { CarrelError } from '../../../clients/ts/src/problem.ts'
import { type Send, uploadFile as uploadPieces } from '../../../clients/ts/src/upload.ts'
import { serverIsGone } from '../base/connection.ts'
import { tokenWasRefused } from '../base/token.ts'
import { strings } from '../strings.ts'
import { ApiError, authorization, problemOf } from './http.ts'
import type { Added } from './types.ts'

/** What is sent again in a second is not worth keeping track of. */
const formBytesMax = 8_000_000
const pieceBytes = 4 * 2 ** 20
const triesMax = 2

export interface Sending {
  /** Told how many bytes are out. */
  readonly onSent: (bytes: number) => void
  /** Where a part of it lies already. */
  readonly location: string | undefined
  readonly onLocation: (location: string) => void
}

/** @throws ApiError */
export function uploadFile(file: File, sending: Sending): Promise<Added> {
  return file.size > formBytesMax ? sendPieces(file, sending) : sendForm(file, sending.onSent)
}

async function sendPieces(file: File, { onSent, location, onLocation }: Sending): Promise<Added> {
  try {
    return await uploadPieces(send, file, {
      filename: file.name,
      resume: location,
      onStarted: onLocation,
      onProgress: onSent,
      pieceBytes,
      triesMax,
    })
  } catch (error) {
    if (!(error instanceof CarrelError)) throw error
    if (error.status === 401) tokenWasRefused()
    throw new ApiError(error.code, error.message, error.retryAfterS)
  }
}

const send: Send = async (path, init) => {
  try {
    return await fetch(path, { ...init, headers: { ...authorization(), ...init.headers } })
  } catch {
    serverIsGone()
    throw new ApiError('unreachable', strings.problem.unreachable)
  }
}

/** XMLHttpRequest, because fetch does not say how much of a body was sent. */
function sendForm(file: File, onSent: (bytes: number) => void): Promise<Added> {
  const { promise, resolve, reject } = Promise.withResolvers<Added>()
  const xhr = new XMLHttpRequest()
  xhr.open('POST', '/v1/documents')
  for (const [name, value] of Object.entries(authorization())) xhr.setRequestHeader(name, value)
  xhr.upload.onprogress = ({ loaded }) => onSent(loaded)
  xhr.onload = () => {
    if (xhr.status >= 300) {
      reject(problemOf(xhr.status, xhr.responseText, xhr.getResponseHeader('Retry-After')))
      return
    }
    resolve(JSON.parse(xhr.responseText) as Added)
  }
  xhr.onerror = () => {
    serverIsGone()
    reject(new ApiError('unreachable', strings.problem.unreachable))
  }
  const form = new FormData()
  form.append('file', file, file.name)
  xhr.send(form)
  return promise
}
