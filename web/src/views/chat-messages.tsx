/** What was said in a conversation, and the answer that is being written, which grows downwards and moves nothing. */
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Message } from '../api/types-chat.ts'
import { useStore } from '../base/store.ts'
import type { ChatRoute } from '../lib/route.ts'
import { askQuestion, isRunning, loadEarlier, open, type Turn, turn } from '../state/chat.ts'
import { strings } from '../strings.ts'
import { Answer, AnswerFoot } from './answer.tsx'
import { Feedback } from './feedback.tsx'

const words = strings.chat
/** As near to the end as this, somebody follows the answer. */
const nearPx = 80

export function ChatMessages({ route }: { route: ChatRoute }) {
  const { id, messages, previous, isLoading, problem } = useStore(open)
  const now = useStore(turn)
  const here = now?.conversation === id ? now : undefined
  const scroller = useFollowing(id, messages.length, here)
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and only what has the focus scrolls by key
    <section class="messages" ref={scroller} tabIndex={0} aria-label={words.messages}>
      {previous !== null && (
        <button type="button" class="plain" onClick={() => void loadEarlier()}>
          {words.earlier}
        </button>
      )}
      {isLoading && <p class="quiet">{words.loading}</p>}
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {messages.map((message) => (
        <Said key={message.id} message={message} route={route} conversation={id} />
      ))}
      {here && <Saying turn={here} route={route} />}
      <p class="hidden" role="status">
        {statusOf(here, messages)}
      </p>
    </section>
  )
}

interface SaidProps {
  message: Message
  route: ChatRoute
  conversation: string
}

function Said({ message, route, conversation }: SaidProps) {
  const { id, role, text, detail } = message
  if (role === 'user') return <Question text={text} />
  return (
    <article class="answer" aria-label={words.answer}>
      <Answer
        route={route}
        id={id}
        text={text}
        sources={detail?.passages ?? []}
        citations={detail?.citations ?? []}
      />
      {detail && <AnswerFoot route={route} id={id} detail={detail} />}
      <Feedback conversation={conversation} message={message} />
    </article>
  )
}

function Question({ text }: { text: string }) {
  return (
    <div class="question">
      <h2 class="hidden">{words.you}</h2>
      <p dir="auto">{text}</p>
    </div>
  )
}

function Saying({ turn: now, route }: { turn: Turn; route: ChatRoute }) {
  const { question, messageId, text, sources, citations, state, problem } = now
  return (
    <>
      <Question text={question} />
      <article class="answer" aria-label={words.answer} aria-busy={isRunning(now)}>
        {text === '' && isRunning(now) && (
          <p class="quiet answer-wait">{state === 'searching' ? words.searching : words.writing}</p>
        )}
        <Answer route={route} id={messageId} text={text} sources={sources} citations={citations} />
        {state === 'stopped' && <p class="quiet">{words.stopped}</p>}
        {state === 'failed' && (
          <p class="problem" role="alert">
            {problem}{' '}
            <button type="button" onClick={() => askQuestion(question, now.filter)}>
              {words.again}
            </button>
          </p>
        )}
      </article>
    </>
  )
}

function statusOf(here: Turn | undefined, messages: readonly Message[]): string {
  if (isRunning(here)) return words.writing
  return messages.length > 0 && !here ? words.finished : ''
}

/** Stays at the end while somebody is there; whoever scrolled up reads on undisturbed. */
function useFollowing(id: string, count: number, here: Turn | undefined) {
  const scroller = useRef<HTMLElement>(null)
  const isNear = useRef(true)
  useEffect(() => {
    const element = scroller.current
    const look = (): void => {
      if (!element) return
      isNear.current = element.scrollHeight - element.scrollTop - element.clientHeight < nearPx
    }
    element?.addEventListener('scroll', look, { passive: true })
    return () => element?.removeEventListener('scroll', look)
  }, [])
  // One's own question is always looked at.
  useLayoutEffect(() => {
    isNear.current = true
  }, [id, here?.question])
  useLayoutEffect(() => {
    if (isNear.current) scroller.current?.scrollTo(0, scroller.current.scrollHeight)
  }, [id, count, here])
  return scroller
}
