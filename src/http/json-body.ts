/** JSON in and JSON out. */
import { json, type Request, type Response } from 'express'
import { JsonText } from '../base/json-text.ts'
import { Problem } from '../base/problem.ts'
import { exchangeOf } from './exchange.ts'
import type { HttpLimits } from './limits.ts'

export type ReadJson = (request: Request, response: Response) => Promise<unknown>

/**
 * Makes the reader of JSON bodies: UTF-8, not compressed (a bomb would be measured only after it went off), within the limits.
 * @throws Problem `invalid_request`, `too_large`, `unsupported_media_type`, or the body parser's own errors
 */
export function createJsonReader({ jsonBytesMax, jsonReadMs }: HttpLimits): ReadJson {
  const parse = json({ limit: jsonBytesMax, inflate: false, strict: true, type: () => true })
  return async (request, response) => {
    checkHeaders(request, jsonBytesMax)
    // Time for the whole body: a byte now and then does not hold a connection.
    const timer = setTimeout(() => request.destroy(), jsonReadMs)
    try {
      await new Promise<void>((resolve, reject) => {
        parse(request, response, (error?: unknown) => (error ? reject(error) : resolve()))
      })
    } finally {
      clearTimeout(timer)
    }
    return request.body
  }
}

function checkHeaders(request: Request, bytesMax: number): void {
  const isJson = request.is('application/json')
  const length = request.headers['content-length']
  if (isJson === null || length === '0')
    throw new Problem('invalid_request', 'This needs a JSON body, and the request has none.')
  if (isJson === false)
    throw new Problem(
      'unsupported_media_type',
      'The body has to be JSON: send `Content-Type: application/json`.',
    )
  // Before a byte of it is read.
  if (Number(length) > bytesMax)
    throw new Problem('too_large', `The body is larger than ${bytesMax} bytes.`)
}

/** Answers in one go: status, standing headers, `headers` (name and value in turn) and the JSON, made here or ready. */
export function sendJson(
  response: Response,
  status: number,
  value: unknown,
  mediaType = 'application/json',
  headers: readonly string[] = [],
): void {
  const text = value instanceof JsonText ? value.text : JSON.stringify(value)
  const length = String(Buffer.byteLength(text))
  const own = ['Content-Type', mediaType, 'Content-Length', length, ...headers]
  response.writeHead(status, exchangeOf(response).headers(...own))
  response.end(text)
}
