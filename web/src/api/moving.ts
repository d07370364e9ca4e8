/** The whole library, taken along and brought back. */
import { request, respond } from './http.ts'
import type { Answer } from './types.ts'

export type ImportState = Answer<'/v1/import', 'get'>

export const exportAddress = '/v1/export'

/** @throws ApiError */
export async function sendArchive(file: File): Promise<ImportState> {
  const headers = { 'Content-Type': 'application/x-tar' }
  const response = await respond('/v1/import', { method: 'POST', headers, raw: file })
  return (await response.json()) as ImportState
}

export const getImport = (): Promise<ImportState> => request('/v1/import')
