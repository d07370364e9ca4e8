/** What the operator can do with a library, each asked for once more before it is done. */
import { useState } from 'preact/hooks'
import { deleteTenant, setState } from '../api/admin.ts'
import { messageOf } from '../api/http.ts'
import type { Tenant } from '../api/types-admin.ts'
import { dropTenant, putTenant } from '../state/admin.ts'
import { strings } from '../strings.ts'

const words = strings.admin.tenant

type Action = 'active' | 'read_only' | 'suspended' | 'delete'

const asked: Readonly<Record<Action, (user: string) => string>> = {
  active: words.confirmResume,
  read_only: words.confirmReadOnly,
  suspended: words.confirmSuspend,
  delete: words.confirmDelete,
}

interface TenantActionsProps {
  tenant: Tenant
  onChange: (tenant: Tenant) => void
}

export function TenantActions({ tenant, onChange }: TenantActionsProps) {
  const { user_id: user, state } = tenant
  const [action, setAction] = useState<Action>()
  const [problem, setProblem] = useState('')
  const [isDeleted, setDeleted] = useState(false)
  const run = async (chosen: Action): Promise<void> => {
    setProblem('')
    try {
      if (chosen === 'delete') {
        await deleteTenant(user)
        dropTenant(user)
        setDeleted(true)
      } else {
        const changed = await setState(user, chosen)
        putTenant(changed)
        onChange(changed)
      }
      setAction(undefined)
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  if (isDeleted) return <p role="status">{words.deleted(user)}</p>
  return (
    <section class="card" aria-labelledby="actions">
      <h2 id="actions">{words.actions}</h2>
      {action ? (
        <Confirm
          user={user}
          action={action}
          onYes={() => void run(action)}
          onNo={() => setAction(undefined)}
        />
      ) : (
        <div class="buttons">
          {state !== 'active' && (
            <button type="button" class="main" onClick={() => setAction('active')}>
              {words.resume}
            </button>
          )}
          {state !== 'read_only' && (
            <button type="button" onClick={() => setAction('read_only')}>
              {words.readOnly}
            </button>
          )}
          {state !== 'suspended' && (
            <button type="button" onClick={() => setAction('suspended')}>
              {words.suspend}
            </button>
          )}
          <button type="button" class="danger-quiet" onClick={() => setAction('delete')}>
            {words.delete}
          </button>
        </div>
      )}
      <p class="problem" role="alert">
        {problem}
      </p>
    </section>
  )
}

interface ConfirmProps {
  user: string
  action: Action
  onYes: () => void
  onNo: () => void
}

/** What cannot be undone wants the name typed, not one more press. */
function Confirm({ user, action, onYes, onNo }: ConfirmProps) {
  const [typed, setTyped] = useState('')
  const isDelete = action === 'delete'
  return (
    <form
      class="confirm"
      aria-labelledby="admin-confirm"
      onSubmit={(event) => {
        event.preventDefault()
        if (!isDelete || typed === user) onYes()
      }}
    >
      <p id="admin-confirm">{asked[action](user)}</p>
      {isDelete && (
        <input
          autocomplete="off"
          spellcheck={false}
          aria-label={words.confirmName}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      )}
      <div class="buttons">
        <button
          type="submit"
          class={isDelete ? 'danger' : 'main'}
          disabled={isDelete && typed !== user}
        >
          {words.confirm}
        </button>
        <button type="button" onClick={onNo}>
          {words.keep}
        </button>
      </div>
    </form>
  )
}
