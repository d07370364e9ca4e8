/** API keys of one's own library, and its end. */
import { request } from './http.ts'
import type { Answer } from './types.ts'

export type ApiKey = Answer<'/v1/keys', 'get'>['items'][number]
export type NewApiKey = Answer<'/v1/keys', 'post'>
export type KeyScope = ApiKey['scopes'][number]

const path = '/v1/keys'

export const listOwnKeys = async (): Promise<readonly ApiKey[]> =>
  (await request<Answer<'/v1/keys', 'get'>>(path)).items

/** @returns the key with its secret, which is never said again */
export const makeKey = (name: string, scopes: readonly KeyScope[]): Promise<NewApiKey> =>
  request(path, { method: 'POST', body: { name, scopes } })

export const endOwnKey = (id: string): Promise<void> =>
  request(`${path}/${encodeURIComponent(id)}`, { method: 'DELETE' })

/** @param confirm the user's id, once more */
export const deleteAccount = (confirm: string): Promise<unknown> =>
  request('/v1/me', { method: 'DELETE', body: { confirm } })
