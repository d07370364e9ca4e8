/** Where a question is written: Enter asks, Escape stops the answer. What was not answered comes back into the field. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { useStore } from '../base/store.ts'
import { askQuestion, isRunning, open, stopAsking, turn } from '../state/chat.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'
import { Pins } from './pins.tsx'

const words = strings.chat
const lengthMax = 8_000
export const questionId = 'question'

export function Composer() {
  const { id, filter } = useStore(open)
  const now = useStore(turn)
  const [text, setText] = useState('')
  const field = useRef<HTMLTextAreaElement>(null)
  const isBusy = isRunning(now)
  useEffect(() => field.current?.focus({ preventScroll: true }), [id])
  useEffect(() => {
    if (now?.state === 'stopped') setText((typed) => typed || now.question)
  }, [now?.state])
  const send = (): void => {
    const question = text.trim()
    if (question !== '' && askQuestion(question, filter)) setText('')
  }
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <Pins pinned={filter.document_ids ?? []} />
      <div class="composer-field">
        <textarea
          id={questionId}
          ref={field}
          dir="auto"
          rows={1}
          maxLength={lengthMax}
          aria-label={words.question}
          aria-describedby="question-keys"
          placeholder={words.placeholder}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            // Enter also ends the writing of a word in Japanese or Chinese.
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
            event.preventDefault()
            send()
          }}
        />
        {isBusy ? (
          <button type="button" class="send" aria-label={words.stop} onClick={stopAsking}>
            <Icon name="stop" />
          </button>
        ) : (
          <button type="submit" class="send main" aria-label={words.send}>
            <Icon name="send" />
          </button>
        )}
      </div>
      <p id="question-keys" class="quiet composer-keys">
        {isBusy && now?.conversation !== id ? words.elsewhere : words.keys}
      </p>
    </form>
  )
}
