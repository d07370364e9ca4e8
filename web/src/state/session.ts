/** Who is using the app: the account as the server tells it, and signing in and out. */
import { getAccount } from '../api/documents.ts'
import type { Account } from '../api/types.ts'
import { Store } from '../base/store.ts'
import { currentToken, keepToken, tokenNeed } from '../base/token.ts'

/** Undefined until the server said it. */
export const account = new Store<Account | undefined>(undefined)

/** @throws ApiError */
export async function loadAccount(): Promise<void> {
  account.set(await getAccount())
  tokenNeed.set('none')
}

/** @throws ApiError when the server does not accept the token; then none is kept */
export async function signIn(token: string): Promise<void> {
  keepToken(token)
  try {
    await loadAccount()
  } catch (error) {
    keepToken(null)
    throw error
  }
}

/** The page is loaded anew, so that nothing of the person stays in memory. */
export function signOut(): void {
  keepToken(null)
  location.assign('/')
}

export function isSignedInByToken(): boolean {
  return currentToken() !== null
}
