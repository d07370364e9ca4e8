/** Asks for a token where the server wants one. What was open stays in memory and goes on afterwards. */
import { useState } from 'preact/hooks'
import { messageOf } from '../api/http.ts'
import type { TokenNeed } from '../base/token.ts'
import { signIn } from '../state/session.ts'
import { strings } from '../strings.ts'
import { SignInWays } from './sign-in-ways.tsx'

const words = strings.signIn

export function SignIn({ need }: { need: TokenNeed }) {
  const [token, setToken] = useState('')
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault()
    const wanted = token.trim().replace(/^Bearer\s+/i, '')
    if (wanted === '') return setProblem(words.empty)
    setBusy(true)
    try {
      await signIn(wanted)
    } catch (error) {
      setProblem(`${words.refused} ${messageOf(error)}`)
    }
    setBusy(false)
  }
  return (
    <form class="card sign-in" onSubmit={(event) => void submit(event)}>
      <h1>{words.title}</h1>
      <SignInWays />
      <p>{need === 'again' ? words.expired : words.text}</p>
      <label for="token">{words.label}</label>
      <input
        id="token"
        type="password"
        autocomplete="off"
        spellcheck={false}
        value={token}
        aria-describedby="token-help token-problem"
        aria-invalid={problem !== ''}
        onInput={(event) => setToken(event.currentTarget.value)}
      />
      <p id="token-problem" class="problem" role="alert">
        {problem}
      </p>
      <button type="submit" class="main" disabled={isBusy}>
        {words.submit}
      </button>
      <p id="token-help" class="quiet">
        {words.kept}
      </p>
    </form>
  )
}
