/** Conversations and answers as the server tells them, as far as the app looks at them. */

export type Label = 'verified' | 'close' | 'not_found'
export type Vote = 'up' | 'down'

export interface ChatFilter {
  readonly document_ids?: readonly string[]
  readonly tags?: readonly string[]
  readonly media_types?: readonly string[]
  readonly languages?: readonly string[]
}

/** Where a source stands. */
export interface Source {
  readonly n: number
  readonly passage_id: string
  readonly document_id: string
  readonly title: string
  readonly page: number
  readonly page_label: string | null
  readonly section: readonly string[]
}

export interface Citation {
  /** Null where the answer names no source. */
  readonly n: number | null
  readonly kind: 'quote' | 'claim'
  readonly label: Label
  readonly text: string
  readonly answer_start: number
  readonly answer_end: number
  readonly document_id: string | null
  readonly page: number | null
  readonly page_label: string | null
  /** In the text of the page; null where it does not stand there. */
  readonly start: number | null
  readonly end: number | null
}

export interface AnswerDetail {
  readonly mode: 'model' | 'extractive' | 'none'
  readonly model: string | null
  readonly notice: string | null
  readonly passages: readonly Source[]
  readonly citations: readonly Citation[]
}

export interface Message {
  readonly id: string
  readonly role: 'user' | 'assistant'
  readonly text: string
  /** Of an answer. */
  readonly detail: AnswerDetail | null
  readonly feedback: { readonly vote: Vote; readonly why: string | null } | null
}

export interface Conversation {
  readonly id: string
  readonly title: string
  readonly filter: ChatFilter
  readonly updated_at: string
}

export interface ConversationPage extends Conversation {
  readonly items: readonly Message[]
  readonly previous_cursor: string | null
}

export interface Done extends Pick<AnswerDetail, 'mode' | 'model' | 'notice'> {
  readonly conversation_id: string
  readonly message_id: string
}

export type ChatEvent =
  | {
      readonly event: 'passages'
      readonly data: {
        readonly conversation_id: string
        readonly message_id: string
        readonly passages: readonly Source[]
      }
    }
  | { readonly event: 'delta'; readonly data: { readonly text: string } }
  | { readonly event: 'citation'; readonly data: Citation }
  | { readonly event: 'done'; readonly data: Done }
  | { readonly event: 'error'; readonly data: { readonly code: string; readonly detail: string } }

export interface ChatKeyState {
  readonly is_set: boolean
  readonly last_four: string | null
  readonly model: string | null
  readonly is_allowed: boolean
  readonly fault: string | null
}
