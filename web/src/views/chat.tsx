/** The chat: conversations, what was said, the field for the next question, and the page that a citation names. */
import { useEffect, useState } from 'preact/hooks'
import { hasModel } from '../api/chat.ts'
import type { Citation, Source } from '../api/types-chat.ts'
import { useStore } from '../base/store.ts'
import type { ChatRoute } from '../lib/route.ts'
import {
  isRunning,
  type OpenConversation,
  open,
  openConversation,
  stopAsking,
  type Turn,
  turn,
} from '../state/chat.ts'
import { library } from '../state/library.ts'
import { goTo } from '../state/router.ts'
import { account } from '../state/session.ts'
import { strings } from '../strings.ts'
import { Beside } from './beside.tsx'
import { ChatMessages } from './chat-messages.tsx'
import { Composer } from './composer.tsx'
import { ConversationList } from './conversation-list.tsx'

const words = strings.chat

export function ChatScreen({ route }: { route: ChatRoute }) {
  const me = useStore(account)
  const now = useStore(open)
  const running = useStore(turn)
  const cited = citedAt(route.at, now, running)
  useEffect(() => void openConversation(route.id, route.documents), [route.id, route.documents])
  useEscape(route)
  if (me && !me.scopes.includes('chat')) return <p class="lead">{words.noScope}</p>
  const isNew = now.messages.length === 0 && running?.conversation !== now.id && !now.isLoading
  return (
    <div class={cited ? 'chat has-beside' : 'chat'}>
      <h1 class="hidden">{words.title}</h1>
      <ConversationMenu route={route} />
      <div class="chat-main">
        {isNew && now.problem === '' ? <Welcome /> : <ChatMessages route={route} />}
        <Composer />
      </div>
      {cited && <Beside key={route.at} route={route} {...cited} />}
    </div>
  )
}

/** A list at the side where there is room, behind a button where there is none. */
function ConversationMenu({ route }: { route: ChatRoute }) {
  const [isWide, setWide] = useState(() => matchMedia('(min-width: 56rem)').matches)
  useEffect(() => {
    const query = matchMedia('(min-width: 56rem)')
    const look = (): void => setWide(query.matches)
    query.addEventListener('change', look)
    return () => query.removeEventListener('change', look)
  }, [])
  if (isWide) return <ConversationList route={route} />
  return (
    <details class="conversation-menu" key={route.id}>
      <summary class="button plain">{words.conversations}</summary>
      <ConversationList route={route} />
    </details>
  )
}

function Welcome() {
  const { state, documents } = useStore(library)
  const [isSilent, setSilent] = useState(false)
  useEffect(() => void hasModel().then((has) => setSilent(!has)), [])
  const isEmpty = state === 'loaded' && documents.length === 0
  return (
    <div class="messages welcome">
      <p class="lead">{isEmpty ? words.leadEmpty : words.lead}</p>
      {isSilent && <p class="quiet">{words.noModel}</p>}
    </div>
  )
}

/** @param at an answer's id, a dot, the citation's place */
function citedAt(
  at: string,
  { messages }: OpenConversation,
  running: Turn | undefined,
): { citation: Citation; source: Source | undefined } | undefined {
  const [id = '', place = ''] = at.split('.')
  if (id === '') return undefined
  const detail = messages.find((message) => message.id === id)?.detail
  const isRunningHere = running?.messageId === id
  const citations = isRunningHere ? running.citations : detail?.citations
  const sources = isRunningHere ? running.sources : detail?.passages
  const citation = citations?.[Number.parseInt(place, 10)]
  return citation && { citation, source: sources?.find(({ n }) => n === citation.n) }
}

/** Escape stops the answer; where none is written it closes the source. */
function useEscape(route: ChatRoute): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || event.isComposing) return
      if ((event.target as HTMLElement).closest('dialog')) return
      if (isRunning(turn.value)) stopAsking()
      else if (route.at !== '') goTo({ ...route, at: '', page: 0 }, { replace: true })
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [route])
}
