/** The thread of the users: so many requests at once that each wait for their answer, or so many a second whatever is answered. */
import { parentPort, workerData } from 'node:worker_threads'
import { Wire } from '../lib/wire.ts'

export interface LoadData {
  readonly url: string
  /** Whole requests; they are sent in turn. */
  readonly requests: readonly Uint8Array[]
}

export type LoadOrder =
  | { readonly kind: 'closed'; readonly atOnce: number; readonly ms: number }
  | { readonly kind: 'open'; readonly perSecond: number; readonly ms: number }
  | { readonly kind: 'end' }

/** What is answered must be mixed as what is asked: a search and a change are most of the work. */
export type RequestKind = 'search' | 'change' | 'small'

export interface Answered {
  /** When it was due, since the order came. */
  readonly dueMs: number
  /** Since it was due. */
  readonly ms: number
  readonly kind: RequestKind
}

export interface Load {
  readonly sent: number
  readonly ok: readonly Answered[]
  /** By 429 or 503, with `Retry-After`. */
  readonly refused: readonly Answered[]
  /** Anything else: statuses, connections that failed, answers that did not come in time; by name. */
  readonly other: Readonly<Record<string, number>>
  /** Under way at the most. */
  readonly atOnceMax: number
}

/** As a client's own limit: longer than any that the server has. */
const patienceMs = 20_000
const tickMs = 4
const kinds: Readonly<Record<string, RequestKind>> = {
  POST: 'search',
  PATCH: 'change',
  GET: 'small',
}
const methodBytesMax = 5

if (parentPort) {
  const { url, requests: given } = workerData as LoadData
  const requests = given.map((bytes) => Buffer.from(bytes))
  const wire = new Wire(url)
  const port = parentPort
  let turn = 0
  const orders = { closed, open }

  port.on('message', (order: LoadOrder) => {
    if (order.kind === 'end') {
      wire.close()
      port.close()
      return
    }
    const run = order.kind === 'closed' ? orders.closed(order) : orders.open(order)
    void run.then((load) => port.postMessage(load satisfies Load))
  })

  async function closed({ atOnce, ms }: LoadOrder & { kind: 'closed' }): Promise<Load> {
    const noted = new Noted()
    const lane = async (): Promise<void> => {
      while (noted.nowMs < ms) await sendOne(noted, noted.nowMs)
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
    return noted.load()
  }

  /** Whoever is due is sent, and waited for at the end. */
  async function open({ perSecond, ms }: LoadOrder & { kind: 'open' }): Promise<Load> {
    const noted = new Noted()
    const all = Math.round((perSecond * ms) / 1_000)
    const underWay = new Set<Promise<void>>()
    const { promise, resolve } = Promise.withResolvers<void>()
    const tick = setInterval(() => {
      const due = Math.min(all, Math.floor((noted.nowMs * perSecond) / 1_000))
      while (noted.sent < due) {
        const one = sendOne(noted, (noted.sent * 1_000) / perSecond)
        underWay.add(one)
        void one.then(() => underWay.delete(one))
      }
      if (noted.sent < all) return
      clearInterval(tick)
      resolve()
    }, tickMs)
    await promise
    await Promise.all(underWay)
    return noted.load()
  }

  /** Never rejects. */
  async function sendOne(noted: Noted, dueMs: number): Promise<void> {
    noted.begin()
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, patienceMs, 'late')
    })
    try {
      const request = requests[turn++ % requests.length] as Buffer
      const answer = await Promise.race([wire.send(request), late])
      if (answer === 'late') noted.other('no answer in time')
      else noted.answered(answer, dueMs, kindOf(request))
    } catch (error) {
      noted.other((error as NodeJS.ErrnoException).code ?? String(error))
    } finally {
      clearTimeout(timer)
      noted.end()
    }
  }

  function kindOf(request: Buffer): RequestKind {
    const [method = ''] = request.toString('latin1', 0, methodBytesMax).split(' ')
    return kinds[method] ?? 'small'
  }

  class Noted {
    readonly #startMs = performance.now()
    readonly #ok: Answered[] = []
    readonly #refused: Answered[] = []
    readonly #other: Record<string, number> = {}
    #atOnce = 0
    #atOnceMax = 0
    sent = 0

    get nowMs(): number {
      return performance.now() - this.#startMs
    }

    begin(): void {
      this.sent++
      this.#atOnceMax = Math.max(this.#atOnceMax, ++this.#atOnce)
    }

    end(): void {
      this.#atOnce--
    }

    answered(
      { status, head }: { status: number; head: string },
      dueMs: number,
      kind: RequestKind,
    ): void {
      const ms = this.nowMs - dueMs
      if (status >= 200 && status < 300) this.#ok.push({ dueMs, ms, kind })
      else if ((status === 429 || status === 503) && /\r\nretry-after: \d/i.test(head))
        this.#refused.push({ dueMs, ms, kind })
      else this.other(String(status))
    }

    other(what: string): void {
      this.#other[what] = (this.#other[what] ?? 0) + 1
    }

    load(): Load {
      return {
        ...{ sent: this.sent, ok: this.#ok, refused: this.#refused, other: this.#other },
        atOnceMax: this.#atOnceMax,
      }
    }
  }
}
