/** Sends one file. XMLHttpRequest, because fetch does not say how much of a body was sent. */
import { serverIsGone } from '../base/connection.ts'
import { strings } from '../strings.ts'
import { ApiError, authorization, problemOf } from './http.ts'
import type { Added } from './types.ts'

/**
 * @param onSent told how many bytes of the body are out
 * @throws ApiError
 */
export function uploadFile(file: File, onSent: (bytes: number) => void): Promise<Added> {
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
