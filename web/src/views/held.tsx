/** A library that is held back: in the server's words, which say by whom. */
import { canSignOut, loadAccount, signOut } from '../state/session.ts'
import { strings } from '../strings.ts'

export function Held({ reason }: { reason: string }) {
  return (
    <section class="card sign-in">
      <h1>{strings.held.title}</h1>
      <p role="alert">{reason}</p>
      <button type="button" class="main" onClick={() => void loadAccount().catch(() => undefined)}>
        {strings.held.retry}
      </button>
      {canSignOut() && (
        <button type="button" onClick={() => void signOut()}>
          {strings.account.signOut}
        </button>
      )}
    </section>
  )
}
