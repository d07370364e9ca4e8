/** The list of conversations, the latest first. */
import { listConversations } from '../api/chat.ts'
import { messageOf } from '../api/http.ts'
import type { Conversation } from '../api/types-chat.ts'
import { Store } from '../base/store.ts'

export interface Conversations {
  readonly items: readonly Conversation[]
  readonly next: string | null
  readonly problem: string
}

export const conversations = new Store<Conversations>({ items: [], next: null, problem: '' })

/** @param isMore those after what is there; without it from the first again */
export async function loadConversations(isMore = false): Promise<void> {
  try {
    const { items, next_cursor: next } = await listConversations(
      isMore ? conversations.value.next : null,
    )
    conversations.update((now) => ({
      items: isMore ? [...now.items, ...items] : items,
      next,
      problem: '',
    }))
  } catch (error) {
    conversations.update((now) => ({ ...now, problem: messageOf(error) }))
  }
}

export function putConversation(changed: Conversation): void {
  conversations.update((now) => ({
    ...now,
    items: now.items.map((one) => (one.id === changed.id ? changed : one)),
  }))
}

export function dropConversation(id: string): void {
  conversations.update((now) => ({ ...now, items: now.items.filter((one) => one.id !== id) }))
}
