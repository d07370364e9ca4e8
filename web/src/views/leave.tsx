/** The end of an account: asked twice, with the name typed. */
import { useState } from 'preact/hooks'
import { messageOf } from '../api/http.ts'
import { deleteAccount } from '../api/keys.ts'
import { keepToken } from '../base/token.ts'
import { strings } from '../strings.ts'

const words = strings.leave

export function LeaveCard({ user }: { user: string }) {
  const [isAsking, setAsking] = useState(false)
  const [typed, setTyped] = useState('')
  const [problem, setProblem] = useState('')
  const leave = async (event: Event): Promise<void> => {
    event.preventDefault()
    try {
      await deleteAccount(typed)
      keepToken(null)
      // Loaded anew, so that nothing of it stays in memory.
      location.assign('/')
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  return (
    <section class="card" aria-labelledby="leave">
      <h2 id="leave">{words.title}</h2>
      <p class="quiet">{words.text}</p>
      {isAsking ? (
        <form
          class="confirm"
          aria-labelledby="leave-confirm"
          onSubmit={(event) => void leave(event)}
        >
          <p id="leave-confirm">{words.confirm(user)}</p>
          <input
            autocomplete="off"
            spellcheck={false}
            aria-label={words.name}
            value={typed}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
          <div class="buttons">
            <button type="submit" class="danger" disabled={typed !== user}>
              {words.yes}
            </button>
            <button type="button" onClick={() => setAsking(false)}>
              {words.keep}
            </button>
          </div>
        </form>
      ) : (
        <button type="button" class="danger-quiet" onClick={() => setAsking(true)}>
          {words.begin}
        </button>
      )}
      <p class="problem" role="alert">
        {problem}
      </p>
    </section>
  )
}
