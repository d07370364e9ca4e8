/** The person's token: in this tab's sessionStorage and nowhere else. */
import { Store } from './store.ts'

const key = 'carrel.token'

/** Why a token is asked for: none was given, or the one that was is no longer accepted. */
export type TokenNeed = 'none' | 'first' | 'again'

export const tokenNeed = new Store<TokenNeed>('none')
let token = sessionStorage.getItem(key)

export function currentToken(): string | null {
  return token
}

export function keepToken(next: string | null): void {
  token = next
  if (next === null) sessionStorage.removeItem(key)
  else sessionStorage.setItem(key, next)
}

/** Called by whoever was answered 401. */
export function tokenWasRefused(): void {
  if (tokenNeed.value === 'none') tokenNeed.set(token === null ? 'first' : 'again')
}
