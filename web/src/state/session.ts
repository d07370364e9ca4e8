/** Who is using the app: the account as the server tells it, and signing in and out. */
import { getServer } from '../api/admin.ts'
import { getAccount } from '../api/documents.ts'
import { ApiError, messageOf } from '../api/http.ts'
import { endSession, getSignInMethods, redeemLink } from '../api/sign-in.ts'
import type { Account, SignInMethods } from '../api/types.ts'
import { Store } from '../base/store.ts'
import { currentToken, keepToken, tokenNeed } from '../base/token.ts'
import { type Arrival, parseArrival } from '../lib/arrival.ts'
import { strings } from '../strings.ts'

/** Undefined until the server said it. */
export const account = new Store<Account | undefined>(undefined)

/** Undefined until the server said it. */
export const signInMethods = new Store<SignInMethods | undefined>(undefined)

export const arrival = new Store<Arrival>(readArrival())

/** A link's code does not stay in the address and the history. */
function readArrival(): Arrival {
  const { pathname, search, hash } = location
  if (pathname === '/sign-in') history.replaceState(null, '', '/')
  return parseArrival(pathname, search, hash)
}

/** @throws nothing: without an answer there is the token */
export async function loadSignInMethods(): Promise<void> {
  signInMethods.set(await getSignInMethods().catch(() => undefined))
}

/** The page is loaded anew, so that nothing of somebody else stays in memory. @throws ApiError for a link that does not count */
export async function signInByLink(): Promise<void> {
  const { code } = arrival.value
  keepToken(null)
  await redeemLink(code)
  location.assign('/')
}

/** Why the library is shut, in the server's words; empty while it is open. */
export const heldBack = new Store('')

/** Whoever signs in with ADMIN_TOKEN: nobody's library, and the server. */
const nothingUsed = { used: 0, limit: null }
const operatorAccount: Account = {
  user_id: strings.account.operator,
  tier: 'operator',
  scopes: ['admin'],
  quota: { documents: nothingUsed, bytes: nothingUsed, passages: nothingUsed },
}

/** @throws ApiError */
export async function loadAccount(): Promise<void> {
  try {
    account.set(await getAccount())
    heldBack.set('')
  } catch (error) {
    const code = error instanceof ApiError ? error.code : ''
    if (code.startsWith('tenant_')) heldBack.set(messageOf(error))
    else if (code === 'forbidden' && (await isOperator())) account.set(operatorAccount)
    else throw error
  }
  tokenNeed.set('none')
}

async function isOperator(): Promise<boolean> {
  return getServer().then(
    () => true,
    () => false,
  )
}

export function hasLibrary(): boolean {
  return account.value !== operatorAccount && heldBack.value === ''
}

/** @throws ApiError when the server does not accept the token; then none is kept */
export async function signIn(token: string): Promise<void> {
  // What is left of an earlier session would be a second credential.
  if (hasSessions()) await endSession().catch(() => undefined)
  keepToken(token)
  try {
    await loadAccount()
  } catch (error) {
    keepToken(null)
    throw error
  }
}

/** The page is loaded anew, so that nothing of the person stays in memory. */
/** @throws ApiError when the server could not end the session: it goes on */
export async function signOut(): Promise<void> {
  keepToken(null)
  if (hasSessions()) await endSession()
  location.assign('/')
}

/** Whether there is something to sign out of: not in local mode, nor where others keep the session. */
export function canSignOut(): boolean {
  return currentToken() !== null || hasSessions()
}

function hasSessions(): boolean {
  const { provider = null, links = false } = signInMethods.value ?? {}
  return provider !== null || links
}
