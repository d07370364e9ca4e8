/** Mixed writes of several people and their operator, every answer noted. */
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type AfterDocument, type Ledger, Subject } from './ledger.ts'
import { type Answer, Gone, NotedClient, Refused, tokenOf } from './noted-client.ts'

export const users = ['ann', 'ben', 'cleo']
const readyPollMs = 20

/** One person at work, one write after another. */
export class Writer extends NotedClient {
  readonly #documents: { document: AfterDocument; subject: Subject; mayGo: boolean }[] = []
  readonly #keys: { id: string; subject: Subject }[] = []
  #conversation: { id: string; subject: Subject } | undefined

  static async of(
    url: string,
    user: string,
    ledger: Ledger,
    random: () => number,
  ): Promise<Writer> {
    return new Writer(url, user, await tokenOf(user), ledger, random)
  }

  /** @returns false once the server is gone */
  async write(): Promise<boolean> {
    const choice = this.random()
    try {
      if (choice < 0.4) await this.upload()
      else if (choice < 0.6) await this.#change()
      else if (choice < 0.68) await this.#remove()
      else if (choice < 0.76) await this.#becomeReady()
      else if (choice < 0.84) await this.#addKey()
      else if (choice < 0.88) await this.#removeKey()
      else if (choice < 0.94) await this.#say()
      else await this.#sendInParts()
      this.ledger.writes++
      return true
    } catch (error) {
      if (error instanceof Refused) return true
      if (!(error instanceof Gone)) throw error
      return false
    }
  }

  /** @returns whether a write is done */
  async isServed(): Promise<boolean> {
    try {
      await this.upload()
      return true
    } catch (error) {
      if (error instanceof Refused || error instanceof Gone) return false
      throw error
    }
  }

  async upload(): Promise<void> {
    const { document, requestId } = await this.#send()
    this.#noteDocument(document, requestId)
  }

  async #send(): Promise<{ document: AfterDocument; requestId: string }> {
    const { filename, bytes } = this.note()
    const form = new FormData()
    form.append('file', new Blob([new Uint8Array(bytes)]), filename)
    const answer = await this.ask('POST', '/v1/documents', { body: form, status: 202 })
    const [document] = (answer.body as { documents: AfterDocument[] }).documents
    if (!document) throw new Error('an upload was accepted and became no document')
    return { document, requestId: answer.requestId }
  }

  /** Comes, and goes for good. @returns false once the server is gone */
  async leave(): Promise<boolean> {
    const account = new Subject({
      what: 'account',
      user: this.user,
      look: async ({ dataDir }) => (isAnythingOf(dataDir, this.user) ? 'there' : 'absent'),
    })
    this.ledger.subjects.push(account)
    try {
      const { requestId } = await this.#send()
      account.steps.push({ requestId, found: 'there' })
      const body = { confirm: this.user }
      const gone = await this.ask('DELETE', '/v1/me', { body })
      account.steps.push({ requestId: gone.requestId, found: 'absent' })
      this.ledger.writes++
      return true
    } catch (error) {
      if (!(error instanceof Gone)) throw error
      return false
    }
  }

  #noteDocument(document: AfterDocument, requestId: string): void {
    const { id } = document
    const subject = new Subject({
      what: 'document',
      user: this.user,
      look: async (after) => describe((await after.documentsOf(this.user)).get(id)),
      // Nobody chose a title yet: reading may find one.
      isEnough: (found, told) => found === told || found.startsWith(told.replace(/}$/, ',')),
    })
    const { sha256, filename } = document
    subject.steps.push({ requestId, found: JSON.stringify({ sha256, filename }) })
    this.ledger.subjects.push(subject)
    this.#documents.push({ document, subject, mayGo: true })
  }

  async #change(): Promise<void> {
    const one = this.pick(this.#documents)
    if (!one) return this.upload()
    const body = { title: this.words(3), tags: [...new Set([this.words(1), this.words(1)])] }
    const found = describe({ ...one.document, ...body })
    await this.#step(one.subject, found, () =>
      this.ask('PATCH', `/v1/documents/${one.document.id}`, { body }),
    )
  }

  async #remove(): Promise<void> {
    const one = this.pick(this.#documents.filter(({ mayGo }) => mayGo))
    if (!one) return this.upload()
    this.#documents.splice(this.#documents.indexOf(one), 1)
    await this.#step(one.subject, 'absent', () =>
      this.ask('DELETE', `/v1/documents/${one.document.id}`, { status: 204 }),
    )
  }

  /** Who was told that it can be searched finds it so. */
  async #becomeReady(): Promise<void> {
    const one = this.#documents.at(-1)
    if (!one?.mayGo) return this.upload()
    one.mayGo = false
    for (let poll = 0; poll < this.ledger.readyPolls; poll++) {
      const answer = await this.ask('GET', `/v1/documents/${one.document.id}`, {})
      const { id, status } = answer.body as AfterDocument
      if (status === 'ready') {
        const subject = new Subject({
          what: 'readiness',
          user: this.user,
          atFirst: '',
          look: async (after) => (await after.documentsOf(this.user)).get(id)?.status ?? 'absent',
          isEnough: (found, told) => told === '' || found === told,
        })
        subject.steps.push({ requestId: answer.requestId, found: 'ready' })
        this.ledger.subjects.push(subject)
        return
      }
      await new Promise((resolve) => setTimeout(resolve, readyPollMs))
    }
  }

  async #addKey(): Promise<void> {
    const answer = await this.ask('POST', '/v1/keys', { body: { name: 'one' }, status: 201 })
    const { id, key: token } = answer.body as { id: string; key: string }
    const subject = new Subject({
      what: 'key',
      user: this.user,
      look: async (after) => ((await after.isKey(this.user, id, token)) ? 'opens' : 'absent'),
    })
    subject.steps.push({ requestId: answer.requestId, found: 'opens' })
    this.ledger.subjects.push(subject)
    this.#keys.push({ id, subject })
    if (this.#keys.length > 2) await this.#removeKey()
  }

  async #removeKey(): Promise<void> {
    const one = this.#keys.shift()
    if (!one) return
    await this.#step(one.subject, 'absent', () =>
      this.ask('DELETE', `/v1/keys/${one.id}`, { status: 204 }),
    )
  }

  /** What is refused may have happened. @param found after it */
  async #step(subject: Subject, found: string, ask: () => Promise<Answer>): Promise<void> {
    try {
      subject.steps.push({ requestId: (await ask()).requestId, found })
    } catch (error) {
      if (error instanceof Refused)
        subject.steps.push({ requestId: error.requestId, found, isTried: true })
      throw error
    }
  }

  /** A question and its answer are written together. */
  async #say(): Promise<void> {
    const body = {
      message: `What of the ${this.words(2)}?`,
      ...(this.#conversation && { conversation_id: this.#conversation.id }),
    }
    const answer = await this.ask('POST', '/v1/chat', { body })
    const { conversation_id: id } = answer.body as { conversation_id: string }
    this.#conversation ??= { id, subject: this.#newConversation(id) }
    const { steps } = this.#conversation.subject
    steps.push({ requestId: answer.requestId, found: String(2 * (steps.length + 1)) })
  }

  #newConversation(id: string): Subject {
    const subject = new Subject({
      what: 'conversation',
      user: this.user,
      look: async (after) => String((await after.messagesOf(this.user, id)) ?? 'absent'),
      // One that was refused may stand there too.
      isEnough: (found, told) => found === told || Number(found) >= Number(told),
    })
    this.ledger.subjects.push(subject)
    return subject
  }

  /** A resumable upload: what was acknowledged of it is kept, and with the last byte it is a document. */
  async #sendInParts(): Promise<void> {
    const { bytes } = this.note()
    const tus = { 'Tus-Resumable': '1.0.0' }
    const begun = await this.ask('POST', '/v1/uploads', {
      headers: { ...tus, 'Upload-Length': String(bytes.length) },
      status: 201,
    })
    const place = begun.headers.get('location') ?? ''
    const part = new Subject({
      what: 'resumable upload',
      user: this.user,
      look: async (after) => String((await after.offsetOf(this.user, basename(place))) ?? 'absent'),
      isEnough: (found, told) => told === 'absent' || Number(found) >= Number(told),
    })
    part.steps.push({ requestId: begun.requestId, found: '0' })
    this.ledger.subjects.push(part)
    const half = Math.floor(bytes.length / 2)
    for (const [from, to] of [
      [0, half],
      [half, bytes.length],
    ] as const) {
      const answer = await this.ask('PATCH', place, {
        headers: {
          ...tus,
          'Upload-Offset': String(from),
          'Content-Type': 'application/offset+octet-stream',
        },
        body: new Uint8Array(bytes.subarray(from, to)),
        status: 204,
      })
      part.steps.push({ requestId: answer.requestId, found: String(to) })
      const id = answer.headers.get('carrel-documents')
      if (id === null) continue
      const { body: document } = await this.ask('GET', `/v1/documents/${id}`, {})
      this.#noteDocument(document as AfterDocument, answer.requestId)
    }
  }
}

/** In its place, or on its way out. */
function isAnythingOf(dataDir: string, user: string): boolean {
  const trash = join(dataDir, '.carrel/trash')
  const going = existsSync(trash) ? readdirSync(trash) : []
  return existsSync(join(dataDir, user)) || going.some((name) => name.startsWith(`${user}.`))
}

function describe(document: AfterDocument | undefined): string {
  if (!document) return 'absent'
  const { title, tags, sha256, filename } = document
  return JSON.stringify({ sha256, filename, title, tags: tags.toSorted() })
}
