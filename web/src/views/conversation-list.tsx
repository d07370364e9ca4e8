/** The conversations there are. */
import { useEffect, useState } from 'preact/hooks'
import type { Conversation } from '../api/types-chat.ts'
import { useStore } from '../base/store.ts'
import { type ChatRoute, chatRoute } from '../lib/route.ts'
import { forgetTurn } from '../state/chat.ts'
import { conversations, loadConversations } from '../state/conversations.ts'
import { goTo } from '../state/router.ts'
import { strings } from '../strings.ts'
import { questionId } from './composer.tsx'
import { ConversationDialog } from './conversation-dialog.tsx'
import { Icon } from './icons.tsx'
import { Link } from './link.tsx'

const words = strings.chat

export function ConversationList({ route }: { route: ChatRoute }) {
  const { items, next, problem } = useStore(conversations)
  const [edited, setEdited] = useState<Conversation>()
  useEffect(() => void loadConversations(), [])
  return (
    <nav class="conversations" aria-label={words.conversations}>
      <button
        type="button"
        onClick={() => {
          forgetTurn()
          goTo(chatRoute(''))
          document.getElementById(questionId)?.focus()
        }}
      >
        <Icon name="plus" />
        {words.newOne}
      </button>
      {problem !== '' && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
      {items.length === 0 && problem === '' && <p class="quiet">{words.none}</p>}
      <ul>
        {items.map((one) => (
          <li key={one.id} class={one.id === route.id ? 'conversation is-open' : 'conversation'}>
            <Link to={chatRoute(one.id)} current={one.id === route.id}>
              <bdi>{one.title}</bdi>
            </Link>
            <button
              type="button"
              class="plain"
              aria-label={words.edit(one.title)}
              onClick={() => setEdited(one)}
            >
              <Icon name="more" />
            </button>
          </li>
        ))}
      </ul>
      {next !== null && (
        <button type="button" class="plain" onClick={() => void loadConversations(true)}>
          {words.more}
        </button>
      )}
      {edited && (
        <ConversationDialog
          conversation={edited}
          isOpen={edited.id === route.id}
          onClose={() => setEdited(undefined)}
        />
      )}
    </nav>
  )
}
