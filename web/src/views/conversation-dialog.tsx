/** One conversation: rename, save as Markdown, delete. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { deleteConversation, exportAddress, renameConversation } from '../api/chat.ts'
import { messageOf } from '../api/http.ts'
import type { Conversation } from '../api/types-chat.ts'
import { chatRoute } from '../lib/route.ts'
import { dropConversation, putConversation } from '../state/conversations.ts'
import { saveOriginal } from '../state/download.ts'
import { goTo } from '../state/router.ts'
import { strings } from '../strings.ts'
import { Icon } from './icons.tsx'

const words = strings.chat

interface ConversationDialogProps {
  conversation: Conversation
  /** Whether it is the one on the screen. */
  isOpen: boolean
  onClose: () => void
}

export function ConversationDialog({ conversation, isOpen, onClose }: ConversationDialogProps) {
  const { id } = conversation
  const dialog = useRef<HTMLDialogElement>(null)
  const [title, setTitle] = useState(conversation.title)
  const [problem, setProblem] = useState('')
  const [isAsking, setAsking] = useState(false)
  useEffect(() => dialog.current?.showModal(), [])
  const run = async (action: () => Promise<unknown>): Promise<void> => {
    try {
      await action()
      onClose()
    } catch (error) {
      setProblem(messageOf(error))
    }
  }
  const save = (event: Event): void => {
    event.preventDefault()
    if (title.trim() === '') setProblem(words.nameNeeded)
    else void run(async () => putConversation(await renameConversation(id, title.trim())))
  }
  const erase = async (): Promise<void> => {
    await deleteConversation(id)
    dropConversation(id)
    if (isOpen) goTo(chatRoute(''), { replace: true })
  }
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="conversation-title" onClose={onClose}>
      <form onSubmit={save}>
        <div class="heading">
          <h2 id="conversation-title">{words.dialogTitle}</h2>
          <button type="button" class="plain" aria-label={strings.dialogClose} onClick={onClose}>
            <Icon name="close" />
          </button>
        </div>
        <label>
          {words.name}
          <input
            dir="auto"
            maxLength={500}
            value={title}
            onInput={(event) => setTitle(event.currentTarget.value)}
          />
        </label>
        <p class="problem" role="alert">
          {problem}
        </p>
        {isAsking ? (
          <div class="confirm" role="alertdialog" aria-labelledby="conversation-confirm">
            <p id="conversation-confirm">{words.confirmDelete(conversation.title)}</p>
            <div class="buttons">
              <button type="button" class="danger" onClick={() => void run(erase)}>
                {words.confirm}
              </button>
              <button type="button" onClick={() => setAsking(false)}>
                {words.keep}
              </button>
            </div>
          </div>
        ) : (
          <div class="buttons">
            <button type="submit" class="main">
              {words.save}
            </button>
            <button
              type="button"
              onClick={() =>
                void run(() => saveOriginal(exportAddress(id), `${conversation.title}.md`))
              }
            >
              {words.export}
            </button>
            <button type="button" class="danger-quiet" onClick={() => setAsking(true)}>
              {words.delete}
            </button>
          </div>
        )}
      </form>
    </dialog>
  )
}
