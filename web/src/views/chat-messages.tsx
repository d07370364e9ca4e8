/** What was said in a conversation, and the answer that is being written, which grows downwards and moves nothing. */
import type { ComponentChildren, ComponentProps, VNode } from 'preact'
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks'
import type { Message } from '../api/types-chat.ts'
import { useStore } from '../base/store.ts'
import type { ChatRoute } from '../lib/route.ts'
import {
  askQuestion,
  isRunning,
  loadEarlier,
  open,
  questionKey,
  type Turn,
  turn,
} from '../state/chat.ts'
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
      {[
        ...messages.map((message) => said(message, route, id)),
        ...(here ? saying(here, route) : []),
      ]}
      <p class="hidden" role="status">
        {statusOf(here, messages)}
      </p>
    </section>
  )
}

interface AnswerArticleProps extends ComponentProps<typeof Answer> {
  isBusy: boolean
  children: ComponentChildren
}

/** The same while it is written and afterwards, so that nothing is drawn anew when it is complete. */
function AnswerArticle({ isBusy, children, ...answer }: AnswerArticleProps) {
  return (
    <article class="answer" aria-label={words.answer} aria-busy={isBusy}>
      <Answer {...answer} />
      {children}
    </article>
  )
}

function said(message: Message, route: ChatRoute, conversation: string): VNode {
  const { id, role, text, detail } = message
  if (role === 'user') return <Question key={id} text={text} />
  return (
    <AnswerArticle
      key={id}
      route={route}
      id={id}
      text={text}
      sources={detail?.passages ?? []}
      citations={detail?.citations ?? []}
      isBusy={false}
    >
      {detail && <AnswerFoot route={route} id={id} detail={detail} />}
      <Feedback conversation={conversation} message={message} />
    </AnswerArticle>
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

/** By the keys that question and answer have in their conversation once it is written down. */
function saying(now: Turn, route: ChatRoute): VNode[] {
  const { question, messageId, text, sources, citations, state, problem } = now
  return [
    <Question key={questionKey(messageId)} text={question} />,
    <AnswerArticle
      key={messageId}
      route={route}
      id={messageId}
      text={text}
      sources={sources}
      citations={citations}
      isBusy={isRunning(now)}
    >
      {text === '' && isRunning(now) && (
        <p class="quiet answer-wait">{state === 'searching' ? words.searching : words.writing}</p>
      )}
      {state === 'stopped' && <p class="quiet">{words.stopped}</p>}
      {state === 'failed' && (
        <p class="problem" role="alert">
          {problem}{' '}
          <button type="button" onClick={() => askQuestion(question, now.filter)}>
            {words.again}
          </button>
        </p>
      )}
    </AnswerArticle>,
  ]
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
