/** What a client was told, in its order, and what may therefore be there after a power cut. */

/** A write that was answered well: with which request, and how the thing is since then. */
export interface Step {
  readonly requestId: string
  readonly found: string
  /** It was refused, and may have happened all the same. */
  readonly isTried?: boolean
}

/** One thing that is written: a document, a key, a state. Its writes follow one another. */
export class Subject {
  readonly what: string
  readonly user: string
  /** Before the first step. */
  readonly atFirst: string
  readonly look: (after: After) => Promise<string>
  readonly steps: Step[] = []
  readonly #isEnough: (found: string, told: string) => boolean

  constructor({
    what,
    user,
    atFirst = 'absent',
    look,
    isEnough = (found, told) => found === told,
  }: {
    readonly what: string
    readonly user: string
    readonly atFirst?: string
    readonly look: (after: After) => Promise<string>
    readonly isEnough?: (found: string, told: string) => boolean
  }) {
    this.what = what
    this.user = user
    this.atFirst = atFirst
    this.look = look
    this.#isEnough = isEnough
  }

  /** As it was last told, or as it would have been next: the power may have gone while it was written, or it was refused. */
  allowed(answered: ReadonlySet<string>): string[] {
    const told = this.steps.findLastIndex(({ requestId }) => answered.has(requestId))
    const later = this.steps.slice(told + 1).filter(({ isTried }, at) => at === 0 || isTried)
    return [this.steps[told]?.found ?? this.atFirst, ...later.map(({ found }) => found)]
  }

  isHeld(found: string, answered: ReadonlySet<string>): boolean {
    return this.allowed(answered).some((told) => this.#isEnough(found, told))
  }

  /** Whether anything of it was promised. */
  isTold(answered: ReadonlySet<string>): boolean {
    return this.steps.some(({ requestId }) => answered.has(requestId))
  }
}

export interface AfterDocument {
  readonly id: string
  readonly title: string
  readonly tags: readonly string[]
  readonly status: string
  readonly sha256: string
  readonly filename: string
}

/** What the cut left, opened and recovered. */
export interface After {
  readonly dataDir: string
  documentsOf(user: string): Promise<ReadonlyMap<string, AfterDocument>>
  /** @returns how many messages the conversation has, or undefined where there is none */
  messagesOf(user: string, conversation: string): Promise<number | undefined>
  /** @param token its text, that only its owner has */
  isKey(user: string, id: string, token: string): Promise<boolean>
  /** What holds the library back, or `active`; undefined where nobody knows of the library. */
  stateOf(user: string): Promise<string | undefined>
  snapshotsOf(user: string): Promise<readonly string[]>
  /** How far a resumable upload is; undefined where there is none. */
  offsetOf(user: string, upload: string): Promise<number | undefined>
}

export interface Ledger {
  readonly subjects: Subject[]
  /** SHA-256 of every file that was ever sent. */
  readonly sent: Set<string>
  /** Requests that were answered well. */
  readonly answered: Set<string>
  /** Answers to the load itself that should not have been. */
  readonly faults: Record<string, unknown>[]
  /** How often each code was the answer. */
  readonly refused: Map<string, number>
  writes: number
  /** Codes with which a write may be refused now. */
  tolerated: (user: string, code: string) => boolean
  /** Whether no answer at all is to be expected: the connection may not even come about. */
  mayHang: boolean
  /** How often to look whether a document is ready. */
  readonly readyPolls: number
}

/** @param readyPolls as in `Ledger` */
export function newLedger(readyPolls = 200): Ledger {
  return {
    subjects: [],
    sent: new Set(),
    answered: new Set(),
    faults: [],
    refused: new Map(),
    writes: 0,
    tolerated: () => false,
    mayHang: false,
    readyPolls,
  }
}
