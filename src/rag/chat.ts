/** A question and its answer: retrieved, written by a model or chosen as quotes, checked, and written down. */
import { randomId } from '../base/ids.ts'
import { Problem } from '../base/problem.ts'
import type { TenantHandle } from '../control/tenant-directory.ts'
import { type Analyser, createAnalyser } from '../search/analysis/analyser.ts'
import { AnswerReader } from './answer-reader.ts'
import { type ChatUsage, sumOfUsage } from './chat-event.ts'
import type { ChatEnd, ChatModel } from './chat-model.ts'
import type { ChatRun } from './chat-run.ts'
import { ChatRuns, type RunLimits, runLimits, tenantQuotedAtOnce } from './chat-runs.ts'
import { passageView, Writing, type Written, writeQuotes } from './chat-writing.ts'
import { extractAnswer } from './extract-answer.ts'
import { fittingHistory, promptOf, type Turn } from './prompt.ts'
import { searchOf } from './question.ts'
import { retrieve, type Source, type SourceFilter } from './retriever.ts'
import type { Searcher } from './searcher.ts'
import { TenantSemaphores } from './semaphore.ts'
import { SentenceCutter } from './sentence-cutter.ts'
import { Turns } from './turns.ts'
import { type OwnKeys, type Voice, Voices } from './voices.ts'

/** Of a model's context: the rest is history. */
const sourcesShare = 0.75
/** Without a model nothing is gained by reading more, and it is read on the main thread. */
const quotedTokensMax = 4_000
const charactersPerToken = 6

export interface ChatOptions {
  readonly model?: ChatModel | undefined
  /** Tenants' own keys for the model's endpoint, asked for where a tier allows one. */
  readonly ownKeys?: OwnKeys | undefined
  /** How a question's sources are searched; by the built-in embedder alone when not given. */
  readonly searcher?: Pick<Searcher, 'search'> | undefined
  /** Tokens of sources and history together. */
  readonly contextTokens?: number
  readonly limits?: Partial<RunLimits>
  /** Told what could not be written down. */
  readonly onFault?: (error: unknown) => void
}

export interface Question {
  readonly message: string
  readonly conversation_id?: string | undefined
  /** Of this question and those after it in its conversation. */
  readonly filter?: SourceFilter | undefined
  /** Of a client that keeps its conversations itself: then nothing is written down here. */
  readonly history?: readonly Turn[] | undefined
  /** Whether it can be fetched again for some minutes; not of a client that has no way to ask for it. */
  readonly isKept?: boolean | undefined
  /** Told once what the model says that the answer cost, whoever reads it. */
  readonly onUsage?: ((usage: ChatUsage | null) => void) | undefined
}

/** What a run works on. */
interface Task {
  readonly tenant: TenantHandle
  readonly voice: Voice
  readonly question: Question
  readonly conversation: string
  readonly answerId: string
  readonly filter: SourceFilter
  readonly history: readonly Turn[]
  readonly run: ChatRun
  readonly startedMs: number
}

export class Chat {
  readonly voices: Voices
  readonly #searcher: Pick<Searcher, 'search'> | undefined
  readonly #contextTokens: number
  readonly #runs: ChatRuns
  readonly #onFault: (error: unknown) => void
  readonly #analyser: Analyser = createAnalyser()
  readonly #cutter = new SentenceCutter()
  readonly #turns = new Turns()
  readonly #quoted = new TenantSemaphores(tenantQuotedAtOnce)
  readonly #working = new Set<Promise<void>>()
  #isClosing = false

  constructor(options: ChatOptions = {}) {
    this.voices = new Voices(options.model, options.ownKeys)
    this.#searcher = options.searcher
    this.#contextTokens = options.contextTokens ?? 6_000
    this.#runs = new ChatRuns({ ...runLimits, ...options.limits })
    this.#onFault = options.onFault ?? (() => undefined)
  }

  /** One line for whoever looks whether the server is ready. */
  get state(): string {
    return this.voices.state
  }

  get running(): number {
    return this.#runs.running
  }

  /**
   * Begins to answer. The answer goes on by itself; whoever reads the run sees it.
   * @throws Problem `not_found` for an unknown conversation; `conversation_busy`, `too_many_requests`, `overloaded`
   */
  async start(tenant: TenantHandle, question: Question): Promise<ChatRun> {
    if (this.#isClosing)
      throw new Problem('shutting_down', 'The server is stopping.', { retryAfterS: 5 })
    const startedMs = performance.now()
    const voice = this.voices.of(tenant)
    const conversation = question.conversation_id ?? randomId('conv')
    const run = this.#runs.begin(tenant.id, conversation, voice.model === undefined)
    try {
      const before = await this.#before(tenant, question)
      const answerId = randomId('msg')
      const filter = question.filter ?? before.filter
      const task = {
        tenant,
        voice,
        question,
        conversation,
        answerId,
        filter,
        history: before.history,
        run,
        startedMs,
      }
      const work = this.#work(task).finally(() => this.#working.delete(work))
      this.#working.add(work)
      return run
    } catch (error) {
      this.#runs.end(tenant.id, conversation, run, false)
      throw error
    }
  }

  /** An answer of the last minutes, to go on reading it. @throws Problem `not_found` */
  resume(tenant: TenantHandle, runId: string): ChatRun {
    return this.#runs.find(tenant.id, runId)
  }

  /** Ends what is being written. Resolves when all of it is written down. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#runs.abortAll(new Problem('shutting_down', 'The server is stopping; ask again.'))
    await Promise.all(this.#working)
  }

  async #before(
    tenant: TenantHandle,
    { conversation_id, history }: Question,
  ): Promise<{ filter: SourceFilter; history: Turn[] }> {
    const tokens = Math.floor(this.#contextTokens * (1 - sourcesShare))
    if (history) return { filter: {}, history: fittingHistory(history, tokens) }
    if (conversation_id === undefined) return { filter: {}, history: [] }
    const args = { id: conversation_id, charactersMax: tokens * charactersPerToken }
    const before = await tenant.call('conversations.history', args)
    return { filter: before.filter, history: fittingHistory(before.messages, tokens) }
  }

  /** Never rejects: whatever happens becomes an event. */
  async #work(task: Task): Promise<void> {
    const { run, tenant, conversation, question, voice } = task
    try {
      if (voice.model) await this.#answer(task)
      else await this.#quoted.run(tenant.id, run.signal, () => this.#answer(task))
    } catch (error) {
      // Nobody is there any more, or the server stops.
      const reason: unknown = run.signal.aborted ? run.signal.reason : error
      const problem = reason instanceof Problem ? reason : undefined
      if (!run.signal.aborted && !problem) this.#onFault(error)
      const detail = run.signal.aborted
        ? 'The answer was given up.'
        : 'Something went wrong on our side.'
      run.add({ event: 'error', data: (problem ?? new Problem('internal', detail)).toData() })
    } finally {
      this.#runs.end(tenant.id, conversation, run, question.isKept !== false)
    }
  }

  async #answer(task: Task): Promise<void> {
    const { run, tenant, voice, question, filter, history } = task
    const asked = history.filter(({ role }) => role === 'user').map(({ text }) => text)
    const condensed = await voice.condenser?.condense(question.message, history, run.signal)
    const query = searchOf(question.message, asked, this.#analyser, condensed?.words)
    const tokens = Math.floor(this.#contextTokens * sourcesShare)
    const tokensMax = voice.model ? tokens : Math.min(tokens, quotedTokensMax)
    const sources = await retrieve(tenant, {
      query,
      filter,
      tokensMax,
      isBare: voice.model === undefined,
      signal: run.signal,
      searcher: this.#searcher,
    })
    const { conversation: conversation_id, answerId: message_id } = task
    run.add({
      event: 'passages',
      data: { conversation_id, message_id, passages: sources.map(passageView) },
    })
    const isAskable = sources.length > 0 || history.length > 0
    const written =
      voice.model && isAskable
        ? await this.#byModel(task, voice.model, sources, tokens)
        : await this.#byQuotes(task, sources, voice.notice)
    if (!written) return
    const usage = sumOfUsage(written.usage, condensed?.usage ?? null)
    question.onUsage?.(usage)
    await this.#finish(task, sources, { ...written, usage })
  }

  /** @returns undefined when the model failed in the middle, which the client was told */
  async #byModel(
    task: Task,
    model: ChatModel,
    sources: readonly Source[],
    tokensMax: number,
  ): Promise<Written | undefined> {
    const { run, question, history } = task
    const reader = new AnswerReader(sources, this.#cutter)
    const writing = new Writing(run)
    const stream = model.stream(promptOf(question.message, sources, history, tokensMax), run.signal)
    let end: ChatEnd | undefined
    while (!end) {
      const { done, value } = await stream.next()
      if (done) end = value
      else writing.add(reader.push(value))
    }
    if ('fault' in end && reader.answer === '')
      return this.#byQuotes(task, sources, end.fault.sentence)
    writing.add(reader.end())
    if (reader.answer.trim() === '')
      return this.#byQuotes(task, sources, `The model ${model.name} answered nothing.`)
    if ('fault' in end) {
      const notice = end.fault.sentence
      await this.#record(task, sources, {
        ...writing.result(reader.answer),
        mode: 'model',
        usage: null,
        notice,
      })
      const problem = new Problem('model_failed', `${notice} The answer above is not whole.`)
      run.add({ event: 'error', data: problem.toData() })
      return undefined
    }
    const notice = end.isCut
      ? 'The answer was cut off at the length that an answer may have.'
      : null
    return { ...writing.result(reader.answer), mode: 'model', usage: end.usage, notice }
  }

  async #byQuotes(
    { question, run, tenant }: Task,
    sources: readonly Source[],
    notice: string | null,
  ): Promise<Written> {
    const tools = { analyser: this.#analyser, cutter: this.#cutter }
    const steps = extractAnswer(question.message, sources, tools)
    const quotes = await this.#turns.run(tenant.id, steps, run.signal)
    return writeQuotes(run, quotes, notice)
  }

  async #finish(task: Task, sources: readonly Source[], written: Written): Promise<void> {
    await this.#record(task, sources, written)
    const { mode, usage, notice } = written
    task.run.add({
      event: 'done',
      data: {
        conversation_id: task.conversation,
        message_id: task.answerId,
        mode,
        model: mode === 'model' ? (task.voice.model?.name ?? null) : null,
        usage,
        notice,
        took_ms: Math.round((performance.now() - task.startedMs) * 100) / 100,
      },
    })
  }

  /** Without the sources' text: a document that is deleted must not live on here. */
  async #record(task: Task, sources: readonly Source[], written: Written): Promise<void> {
    if (task.question.history) return
    const { mode, usage, notice, citations, answer } = written
    const passages = sources.map((source) => {
      const { text: _, snippet: __, ...place } = passageView(source)
      return place
    })
    const model = mode === 'model' ? (task.voice.model?.name ?? null) : null
    await task.tenant.call('conversations.record', {
      id: task.conversation,
      isNew: task.question.conversation_id === undefined,
      question: task.question.message,
      answer,
      answerId: task.answerId,
      filter: task.filter,
      detail: { mode, model, usage, notice, passages, citations },
    })
  }
}
