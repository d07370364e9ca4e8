/** Keys of one's own for programs: made, shown once, taken away. */
import { useState } from 'preact/hooks'
import { messageOf } from '../api/http.ts'
import {
  type ApiKey,
  endOwnKey,
  type KeyScope,
  listOwnKeys,
  makeKey,
  type NewApiKey,
} from '../api/keys.ts'
import { formatTime } from '../lib/format.ts'
import { strings } from '../strings.ts'
import { useAsked } from './use-asked.ts'

const words = strings.keys
const allScopes = ['read', 'write', 'chat'] as const
const nameLengthMax = 100

/** Nothing for whoever is not told which keys there are: only the owner of a library is. */
export function KeysCard({ scopes }: { scopes: readonly string[] }) {
  const { value: keys, again } = useAsked(listOwnKeys, [])
  const [made, setMade] = useState<NewApiKey>()
  const [problem, setProblem] = useState('')
  const run = async (action: () => Promise<void>): Promise<void> => {
    setProblem('')
    try {
      await action()
      again()
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  const end = ({ id }: ApiKey): Promise<void> =>
    run(async () => {
      await endOwnKey(id)
      if (made?.id === id) setMade(undefined)
    })
  if (!keys) return null
  return (
    <section class="card" aria-labelledby="keys">
      <h2 id="keys">{words.title}</h2>
      <p class="quiet">{words.text}</p>
      {keys.length === 0 && <p class="quiet">{words.none}</p>}
      {keys.length > 0 && (
        <ul class="lines">
          {keys.map((key) => (
            <KeyLine key={key.id} apiKey={key} onEnd={() => void end(key)} />
          ))}
        </ul>
      )}
      {made && <MadeKey secret={made.key} />}
      {scopes.includes('write') && (
        <KeyForm
          offered={allScopes.filter((scope) => scopes.includes(scope))}
          onProblem={setProblem}
          onMake={(name, chosen) => run(async () => setMade(await makeKey(name, chosen)))}
        />
      )}
      <p class="problem" role="alert">
        {problem}
      </p>
    </section>
  )
}

function KeyLine({ apiKey: key, onEnd }: { apiKey: ApiKey; onEnd: () => void }) {
  const name = key.name || key.prefix
  const used = key.last_used_at === null ? null : formatTime(key.last_used_at)
  return (
    <li>
      <strong>
        <bdi>{name}</bdi>
      </strong>
      <span class="quiet">
        {key.scopes.map((scope) => words.scopes[scope]).join(', ')} · {words.begins(key.prefix)} ·{' '}
        {words.used(used)}
      </span>
      <button type="button" aria-label={words.endOf(name)} onClick={onEnd}>
        {words.end}
      </button>
    </li>
  )
}

function MadeKey({ secret }: { secret: string }) {
  const [said, setSaid] = useState('')
  const copy = (): Promise<void> =>
    navigator.clipboard.writeText(secret).then(
      () => setSaid(words.copied),
      () => setSaid(words.copyFailed),
    )
  return (
    <div class="made" role="status">
      <p>{words.made}</p>
      <input
        readOnly
        aria-label={words.newKey}
        value={secret}
        onFocus={(event) => event.currentTarget.select()}
      />
      <button type="button" onClick={() => void copy()}>
        {said || words.copy}
      </button>
    </div>
  )
}

interface KeyFormProps {
  offered: readonly KeyScope[]
  onProblem: (problem: string) => void
  onMake: (name: string, scopes: readonly KeyScope[]) => Promise<void>
}

function KeyForm({ offered, onProblem, onMake }: KeyFormProps) {
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<readonly KeyScope[]>(['read'])
  const make = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (name.trim() === '') return onProblem(words.nameNeeded)
    if (chosen.length === 0) return onProblem(words.mayNothing)
    await onMake(name.trim(), chosen)
    setName('')
  }
  return (
    <form class="fields" onSubmit={(event) => void make(event)}>
      <label>
        {words.name}
        <input
          dir="auto"
          maxLength={nameLengthMax}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <fieldset class="choices">
        <legend>{words.may}</legend>
        {offered.map((scope) => (
          <label key={scope}>
            <input
              type="checkbox"
              checked={chosen.includes(scope)}
              onChange={({ currentTarget: { checked } }) =>
                setChosen(checked ? [...chosen, scope] : chosen.filter((one) => one !== scope))
              }
            />
            {words.scopes[scope]}
          </label>
        ))}
      </fieldset>
      <button type="submit">{words.make}</button>
    </form>
  )
}
