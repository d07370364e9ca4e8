/** What somebody thinks of an answer: one press, and why if they like. */
import { useState } from 'preact/hooks'
import { sendFeedback } from '../api/chat.ts'
import { messageOf } from '../api/http.ts'
import type { Message, Vote } from '../api/types-chat.ts'
import { changeMessage } from '../state/chat.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'

const words = strings.chat
const whyLengthMax = 2_000

export function Feedback({ conversation, message }: { conversation: string; message: Message }) {
  const { id, feedback } = message
  const [isAsking, setAsking] = useState(false)
  const [why, setWhy] = useState(feedback?.why ?? '')
  const [said, setSaid] = useState('')
  const [problem, setProblem] = useState('')
  const send = async (vote: Vote | null, reason: string | null): Promise<boolean> => {
    try {
      await sendFeedback(conversation, id, { vote, why: reason })
      changeMessage(id, { feedback: vote && { vote, why: reason } })
      setProblem('')
      return true
    } catch (error) {
      setProblem(messageOf(error))
      return false
    }
  }
  const press = async (vote: Vote): Promise<void> => {
    const next = feedback?.vote === vote ? null : vote
    setSaid('')
    if (await send(next, null)) setAsking(next !== null)
  }
  const save = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (!feedback || !(await send(feedback.vote, why.trim() || null))) return
    setAsking(false)
    setSaid(words.thanks)
  }
  return (
    <div class="feedback">
      {(['up', 'down'] as const).map((vote) => (
        <button
          key={vote}
          type="button"
          class="plain"
          aria-label={words[vote]}
          aria-pressed={feedback?.vote === vote}
          onClick={() => void press(vote)}
        >
          <Icon name={vote} />
        </button>
      ))}
      {isAsking && feedback && (
        <form class="why-form" onSubmit={(event) => void save(event)}>
          <input
            dir="auto"
            maxLength={whyLengthMax}
            aria-label={words.why[feedback.vote]}
            placeholder={words.why[feedback.vote]}
            value={why}
            onInput={(event) => setWhy(event.currentTarget.value)}
          />
          <button type="submit">{words.saveWhy}</button>
        </form>
      )}
      <span class="quiet" role="status">
        {said}
      </span>
      {problem !== '' && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
    </div>
  )
}
