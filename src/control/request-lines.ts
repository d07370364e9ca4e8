/** The request log's side on the main thread: a line of text a request, handed over once a second. */
import type { TenantId } from '../tenancy/tenant-id.ts'

/** What a crash may lose. */
export const requestsEveryMs = 1_000
/** More than this between two times means that the disk does not follow: lines are dropped, and counted. */
const charactersMax = 8 * 1024 * 1024

export interface RequestLine {
  readonly id: string
  readonly tenant: TenantId | undefined
  readonly method: string
  /** The pattern, never the address. */
  readonly route: string
  readonly status: number
  readonly ms: number
  readonly bytes: number
}

export interface RequestLinesOptions {
  /** Resolves when it is written; rejects when it is not, and then it is lost. */
  readonly write: (lines: string) => Promise<void>
  /** Whether there is such a tenant, not deleted nor being deleted: of others no name is written. */
  readonly isThere: (tenant: TenantId) => boolean
  /** Whether a deletion is under way. */
  readonly isLeaving: () => boolean
  /** Told of lines that were dropped. */
  readonly onLost: (lines: number, error?: unknown) => void
  readonly nowMs?: () => number
}

export class RequestLines {
  readonly #options: RequestLinesOptions
  readonly #nowMs: () => number
  readonly #timer: NodeJS.Timeout
  #text = ''
  #lines = 0
  #dropped = 0
  /** A tenant left: the lines that wait are looked at again. */
  #hasLeavers = false
  #flushing: Promise<void> | undefined

  constructor(options: RequestLinesOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? Date.now
    this.#timer = setInterval(() => void this.flush(), requestsEveryMs)
    this.#timer.unref()
  }

  note({ id, tenant, method, route, status, ms, bytes }: RequestLine): void {
    if (this.#text.length > charactersMax) {
      this.#dropped++
      return
    }
    const name = tenant !== undefined && this.#options.isThere(tenant) ? tenant : ''
    this.#lines++
    this.#text += `${this.#nowMs()}\t${id}\t${name}\t${method}\t${route}\t${status}\t${ms}\t${bytes}\n`
  }

  /** A tenant was deleted: what waits is written without its name. */
  left(): void {
    this.#hasLeavers = true
  }

  /** Never rejects; while one is written the next waits. */
  flush(): Promise<void> {
    this.#flushing ??= this.#write().finally(() => {
      this.#flushing = undefined
    })
    return this.#flushing
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.flush()
    await this.flush()
  }

  async #write(): Promise<void> {
    const { write, onLost } = this.#options
    if (this.#dropped > 0) onLost(this.#dropped)
    this.#dropped = 0
    if (this.#lines === 0) return
    const mustLook = this.#hasLeavers || this.#options.isLeaving()
    const [text, lines] = [mustLook ? this.#withoutLeavers() : this.#text, this.#lines]
    this.#text = ''
    this.#lines = 0
    this.#hasLeavers = false
    await write(text).catch((error) => onLost(lines, error))
  }

  #withoutLeavers(): string {
    const lines = this.#text.split('\n').map((line) => {
      const fields = line.split('\t')
      const tenant = fields[2] as TenantId | undefined
      if (!tenant || this.#options.isThere(tenant)) return line
      return fields.with(2, '').join('\t')
    })
    return lines.join('\n')
  }
}
