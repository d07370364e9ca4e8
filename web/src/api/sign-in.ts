/** Signing in and out by cookie, as the app asks for it. */
import { request } from './http.ts'
import type { SignInMethods } from './types.ts'

export const getSignInMethods = (): Promise<SignInMethods> => request('/auth/methods')

export const redeemLink = (code: string): Promise<void> =>
  request('/auth/link', { method: 'POST', body: { code } })

export const endSession = (): Promise<void> => request('/auth/sign-out', { method: 'POST' })
