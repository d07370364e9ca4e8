/** A library's backups and API keys, as the operator sees them. */
import { useState } from 'preact/hooks'
import { endKey, listKeys, listSnapshots, makeSnapshot } from '../api/admin.ts'
import { messageOf } from '../api/http.ts'
import { formatBytes, formatTime } from '../lib/format.ts'
import { strings } from '../strings.ts'
import { useAsked } from './use-asked.ts'

const words = strings.admin.tenant

export function SnapshotList({ user }: { user: string }) {
  const { value, problem, again } = useAsked(() => listSnapshots(user), [user])
  const [isMaking, setMaking] = useState(false)
  const [failed, setFailed] = useState('')
  const make = async (): Promise<void> => {
    setMaking(true)
    setFailed('')
    try {
      await makeSnapshot(user)
      again()
    } catch (error) {
      setFailed(messageOf(error))
    }
    setMaking(false)
  }
  return (
    <section class="card" aria-labelledby="snapshots">
      <div class="heading">
        <h2 id="snapshots">{words.snapshots}</h2>
        <button type="button" disabled={isMaking} onClick={() => void make()}>
          {isMaking ? words.making : words.makeSnapshot}
        </button>
      </div>
      <p class="problem" role="alert">
        {problem || failed}
      </p>
      {value?.length === 0 && <p class="quiet">{words.noSnapshots}</p>}
      <ul class="lines">
        {value?.map((one) => (
          <li key={one.name}>
            <strong>{formatTime(one.made_at)}</strong>
            <span class="quiet">
              {words.snapshotLine(one.documents, one.passages)}, {formatBytes(one.bytes)},{' '}
              {words.verified}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

export function KeyList({ user }: { user: string }) {
  const { value, problem, again } = useAsked(() => listKeys(user), [user])
  const [failed, setFailed] = useState('')
  const end = async (id: string): Promise<void> => {
    setFailed('')
    try {
      await endKey(user, id)
      again()
    } catch (error) {
      setFailed(messageOf(error))
    }
  }
  return (
    <section class="card" aria-labelledby="keys">
      <h2 id="keys">{words.keys}</h2>
      <p class="problem" role="alert">
        {problem || failed}
      </p>
      {value?.length === 0 && <p class="quiet">{words.noKeys}</p>}
      <ul class="lines">
        {value?.map((key) => (
          <li key={key.id}>
            <strong>
              <bdi>{key.name || key.prefix}</bdi>
            </strong>
            <span class="quiet">
              {words.keyLine(
                key.scopes.join(', '),
                key.last_used_at === null ? null : formatTime(key.last_used_at),
              )}
            </span>
            <button
              type="button"
              aria-label={words.endKeyOf(key.name || key.prefix)}
              onClick={() => void end(key.id)}
            >
              {words.endKey}
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}
