/** The ways to sign in that need no token: with the identity provider, and with the link that was opened. */
import { useEffect, useState } from 'preact/hooks'
import { messageOf } from '../api/http.ts'
import { useStore } from '../base/store.ts'
import { providerAddress } from '../lib/arrival.ts'
import { arrival, loadSignInMethods, signInByLink, signInMethods } from '../state/session.ts'
import { strings } from '../strings.ts'

const words = strings.signIn

export function SignInWays() {
  const methods = useStore(signInMethods)
  const { code, failed } = useStore(arrival)
  useEffect(() => void loadSignInMethods(), [])
  return (
    <>
      {failed !== '' && (
        <p class="problem" role="alert">
          {failed === 'overloaded' ? words.providerAway : words.notSignedIn}
        </p>
      )}
      {code !== '' && <LinkButton />}
      {methods?.provider && (
        <a class="button" href={providerAddress(location.pathname, location.search)}>
          {words.withProvider(methods.provider)}
        </a>
      )}
    </>
  )
}

/** Asks first: programs that look at mail open links, and somebody may have sent one of their own account. */
function LinkButton() {
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const take = async (): Promise<void> => {
    setBusy(true)
    try {
      await signInByLink()
    } catch (error) {
      setProblem(messageOf(error))
      setBusy(false)
    }
  }
  return (
    <>
      <p>{words.linkText}</p>
      <button type="button" class="main" disabled={isBusy} onClick={() => void take()}>
        {words.withLink}
      </button>
      <p class="problem" role="alert">
        {problem}
      </p>
    </>
  )
}
