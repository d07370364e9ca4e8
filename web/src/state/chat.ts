/** The conversation that is open, and the answer that is being written: it goes on whichever screen is shown. */
import { ask, getConversation, stopAnswer } from '../api/chat.ts'
import { isAbort, messageOf } from '../api/http.ts'
import type {
  AnswerDetail,
  ChatEvent,
  ChatFilter,
  Citation,
  Message,
  Source,
} from '../api/types-chat.ts'
import { Store } from '../base/store.ts'
import { chatRoute } from '../lib/route.ts'
import { loadConversations } from './conversations.ts'
import { currentRoute, goTo } from './router.ts'

export interface OpenConversation {
  /** Empty for one that has not begun. */
  readonly id: string
  readonly messages: readonly Message[]
  /** Where those before are; null at the first. */
  readonly previous: string | null
  readonly filter: ChatFilter
  readonly isLoading: boolean
  readonly problem: string
}

/** A question and as much of its answer as is there. */
export interface Turn {
  /** The conversation in which it was asked; empty for a new one. */
  readonly conversation: string
  readonly question: string
  readonly filter: ChatFilter
  readonly messageId: string
  readonly text: string
  readonly sources: readonly Source[]
  readonly citations: readonly Citation[]
  readonly state: 'searching' | 'writing' | 'stopped' | 'failed'
  readonly problem: string
}

const fresh: OpenConversation = {
  id: '',
  messages: [],
  previous: null,
  filter: {},
  isLoading: false,
  problem: '',
}

export const open = new Store<OpenConversation>(fresh)
export const turn = new Store<Turn | undefined>(undefined)

let loading: AbortController | undefined
let asking: { readonly controller: AbortController; run: string; isStopped: boolean } | undefined

export function isRunning(now: Turn | undefined): boolean {
  return now?.state === 'searching' || now?.state === 'writing'
}

/**
 * Shows a conversation; the one that is shown already stays as it is.
 * @param documents that a new one is to ask
 */
export async function openConversation(id: string, documents: readonly string[]): Promise<void> {
  const isShown = open.value.id === id && open.value.problem === ''
  if (isShown && documents.length === 0) return
  loading?.abort()
  if (!isShown) forgetTurn()
  const filter = documents.length > 0 ? { document_ids: documents } : {}
  open.set({ ...fresh, id, filter, isLoading: id !== '' })
  if (id !== '') await load(id, null)
}

/** Of the questions from now on: none are all. */
export function pinDocuments(ids: readonly string[]): void {
  open.update((now) => {
    const { document_ids: _, ...filter } = now.filter
    return { ...now, filter: ids.length === 0 ? filter : { ...filter, document_ids: ids } }
  })
}

/** The messages before those that are shown. */
export async function loadEarlier(): Promise<void> {
  const { id, previous } = open.value
  if (previous !== null) await load(id, previous)
}

async function load(id: string, cursor: string | null): Promise<void> {
  loading = new AbortController()
  try {
    const page = await getConversation(id, cursor, loading.signal)
    open.update((now) => ({
      ...now,
      messages: [...page.items, ...(cursor === null ? [] : now.messages)],
      previous: page.previous_cursor,
      filter: page.filter,
      isLoading: false,
      problem: '',
    }))
  } catch (error) {
    if (isAbort(error)) return
    open.update((now) => ({ ...now, isLoading: false, problem: messageOf(error) }))
  }
}

export function changeMessage(id: string, change: Partial<Message>): void {
  open.update((now) => ({
    ...now,
    messages: now.messages.map((one) => (one.id === id ? { ...one, ...change } : one)),
  }))
}

/** @returns whether the question was taken: one is answered at a time */
export function askQuestion(question: string, filter: ChatFilter): boolean {
  if (isRunning(turn.value)) return false
  const conversation = open.value.id
  turn.set({
    conversation,
    question,
    filter,
    messageId: '',
    text: '',
    sources: [],
    citations: [],
    state: 'searching',
    problem: '',
  })
  void run(question, conversation, filter)
  return true
}

async function run(message: string, conversation: string, filter: ChatFilter): Promise<void> {
  const mine = { controller: new AbortController(), run: '', isStopped: false }
  asking = mine
  const gathered = new Gathered()
  const asked = {
    message,
    filter,
    ...(conversation !== '' && { conversation_id: conversation }),
  }
  try {
    await ask(
      asked,
      (event, run) => {
        mine.run = run
        gathered.add(event)
      },
      mine.controller.signal,
    )
    gathered.show()
  } catch (error) {
    gathered.show()
    end(mine.isStopped, isAbort(error) ? '' : messageOf(error))
  }
}

/** Stops the answer that is being written. */
export function stopAsking(): void {
  if (!asking || !isRunning(turn.value)) return
  const { run, controller } = asking
  asking.isStopped = true
  if (run === '') controller.abort()
  // Where the server does not hear it, it gives up an answer that nobody reads.
  else stopAnswer(run).catch(() => controller.abort())
}

/** Forgets a question that was stopped or failed. */
export function forgetTurn(): void {
  if (!isRunning(turn.value)) turn.set(undefined)
}

function end(isStopped: boolean, problem: string): void {
  turn.update(
    (now) =>
      now && { ...now, state: isStopped ? 'stopped' : 'failed', problem: isStopped ? '' : problem },
  )
}

/** Events come faster than a screen is drawn: they are shown together, once a frame. */
class Gathered {
  #events: ChatEvent[] = []
  #frame = 0

  add(event: ChatEvent): void {
    this.#events.push(event)
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.show())
  }

  show(): void {
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    const events = this.#events.splice(0)
    const now = turn.value
    if (!now || events.length === 0) return
    const next = events.reduce(after, now)
    const done = events.find((one) => one.event === 'done')
    const failed = events.find((one) => one.event === 'error')
    turn.set(next)
    if (failed) end(asking?.isStopped ?? false, failed.data.detail)
    if (done) keep(next, done.data)
  }
}

function after(now: Turn, { event, data }: ChatEvent): Turn {
  switch (event) {
    case 'passages':
      return { ...now, state: 'writing', messageId: data.message_id, sources: data.passages }
    case 'delta':
      return { ...now, text: now.text + data.text }
    case 'citation':
      return { ...now, citations: [...now.citations, data] }
    default:
      return now
  }
}

/** Of the question before an answer, until it is asked for again. */
export function questionKey(messageId: string): string {
  return `before ${messageId}`
}

/** The answer is written down on the server: it becomes a part of its conversation here, too. */
function keep(
  { conversation, question, filter, text, sources, citations, messageId }: Turn,
  { conversation_id: id, mode, model, notice }: Extract<ChatEvent, { event: 'done' }>['data'],
): void {
  turn.set(undefined)
  void loadConversations()
  if (open.value.id !== conversation) return
  const detail: AnswerDetail = { mode, model, notice, passages: sources, citations }
  const asked = { role: 'user', text: question, detail: null, feedback: null } as const
  const answered = { id: messageId, role: 'assistant', text, detail, feedback: null } as const
  open.update((now) => ({
    ...now,
    id,
    filter,
    messages: [...now.messages, { ...asked, id: questionKey(messageId) }, answered],
  }))
  const route = currentRoute.value
  if (route.screen === 'chat' && route.id === conversation)
    goTo(chatRoute(id, { at: route.at, page: route.page }), { replace: true })
}
