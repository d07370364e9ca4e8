/** A key of one's own for the server's chat endpoint: given, never shown again, taken away. */
import { useEffect, useState } from 'preact/hooks'
import { deleteChatKey, getChatKey, setChatKey } from '../api/chat.ts'
import { messageOf } from '../api/http.ts'
import type { ChatKeyState } from '../api/types-chat.ts'
import { strings } from '../strings.ts'

const words = strings.chat.key

/** Nothing where there is nothing to bring: no permission, no tier for it, no endpoint. */
export function ChatKeyCard() {
  const [state, setState] = useState<ChatKeyState>()
  const [said, setSaid] = useState('')
  const [problem, setProblem] = useState('')
  useEffect(() => {
    // Only the owner of a library is told; to anybody else there is nothing to show.
    getChatKey().then(setState, () => undefined)
  }, [])
  if (!state || (!state.is_allowed && !state.is_set)) return null
  const run = async (action: () => Promise<ChatKeyState>, done: string): Promise<void> => {
    setSaid('')
    setProblem('')
    try {
      setState(await action())
      setSaid(done)
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  const remove = (): Promise<void> =>
    run(async () => {
      await deleteChatKey()
      return getChatKey()
    }, words.removed)
  return (
    <section class="card" aria-labelledby="chat-key">
      <h2 id="chat-key">{words.title}</h2>
      <p class="quiet">{words.text}</p>
      {state.is_set && (
        <p>
          {words.isSet(state.last_four ?? '…', state.model)} {!state.is_allowed && words.notAllowed}
          {state.fault !== null && <span class="problem">{state.fault}</span>}
        </p>
      )}
      {state.is_allowed && (
        <KeyForm
          onProblem={setProblem}
          onSave={(key, model) => run(() => setChatKey(key, model), words.saved)}
        />
      )}
      {state.is_set && (
        <button type="button" onClick={() => void remove()}>
          {words.remove}
        </button>
      )}
      <p class="quiet" role="status">
        {said}
      </p>
      <p class="problem" role="alert">
        {problem}
      </p>
    </section>
  )
}

interface KeyFormProps {
  onSave: (key: string, model: string | null) => Promise<void>
  onProblem: (problem: string) => void
}

function KeyForm({ onSave, onProblem }: KeyFormProps) {
  const [key, setKey] = useState('')
  const [model, setModel] = useState('')
  const save = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (key.trim() === '') return onProblem(words.needed)
    await onSave(key.trim(), model.trim() || null)
    setKey('')
  }
  return (
    <form class="fields" onSubmit={(event) => void save(event)}>
      <label>
        {words.label}
        <input
          type="password"
          autocomplete="off"
          spellcheck={false}
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
      </label>
      <label>
        {words.model}
        <input
          spellcheck={false}
          value={model}
          onInput={(event) => setModel(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="main">
        {words.save}
      </button>
    </form>
  )
}
