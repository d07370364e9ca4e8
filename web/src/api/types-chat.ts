/** Conversations and answers, by the names that the app has for them. */
import type { Answer } from './types.ts'

type Reply = Answer<'/v1/chat', 'post'>
type Page = Answer<'/v1/conversations/{id}', 'get'>

export type Citation = Reply['citations'][number]
export type Label = Citation['label']
export type Conversation = Answer<'/v1/conversations', 'get'>['items'][number]
export type ChatFilter = Conversation['filter']
export type ChatKeyState = Answer<'/v1/me/chat-key', 'get'>
/** Where a source stands; what is kept of it has no text. */
export type Source = Omit<Reply['passages'][number], 'text' | 'snippet'>
export type Done = Omit<Reply, 'answer' | 'passages' | 'citations'>

export interface AnswerDetail extends Pick<Reply, 'mode' | 'model' | 'notice' | 'citations'> {
  readonly passages: readonly Source[]
}

export type Message = Omit<Page['items'][number], 'detail' | 'created_at'> & {
  /** Of an answer. */
  readonly detail: AnswerDetail | null
}
export type Vote = NonNullable<Message['feedback']>['vote']

export type ConversationPage = Omit<Page, 'items'> & { readonly items: readonly Message[] }

export type ChatEvent =
  | {
      readonly event: 'passages'
      readonly data: Pick<Reply, 'conversation_id' | 'message_id'> & {
        readonly passages: readonly Source[]
      }
    }
  | { readonly event: 'delta'; readonly data: { readonly text: string } }
  | { readonly event: 'citation'; readonly data: Citation }
  | { readonly event: 'done'; readonly data: Done }
  | { readonly event: 'error'; readonly data: { readonly code: string; readonly detail: string } }
