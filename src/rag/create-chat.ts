/** The chat that the settings ask for: with a model, or with quotes. */
import { Chat, type ChatOptions } from './chat.ts'
import { ChatModel } from './chat-model.ts'
import type { Searcher } from './searcher.ts'

export interface ChatSettings {
  readonly CHAT_URL?: string | undefined
  readonly CHAT_MODEL?: string | undefined
  readonly CHAT_API_KEY?: string | undefined
  readonly CHAT_CONTEXT_TOKENS: number
}

/** @param onFault told what nobody foresaw; @param searcher with the remote models of the server */
export function createChat(
  settings: ChatSettings,
  onFault: (error: unknown) => void,
  searcher?: Pick<Searcher, 'search'>,
  ownKeys?: ChatOptions['ownKeys'],
): Chat {
  const { CHAT_URL: url, CHAT_MODEL: model, CHAT_API_KEY: apiKey } = settings
  return new Chat({
    model: url && model ? new ChatModel({ url, model, apiKey }) : undefined,
    searcher,
    ownKeys,
    contextTokens: settings.CHAT_CONTEXT_TOKENS,
    onFault,
  })
}
