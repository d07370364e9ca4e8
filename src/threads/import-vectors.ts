/** Vectors of an archive: taken where this server's embedder would make the same ones, so that nothing is asked again. */
import type { Db } from '../base/sqlite.ts'
import { builtinDims, learntDims } from '../search/embed/builtin.ts'
import { writeTerms } from '../search/embed/learnt-terms.ts'
import {
  type BuiltinConfig,
  builtinConfigOf,
  hashedFingerprint,
  isCurrent,
} from '../search/embed/refit.ts'
import { activateSpace, openSpace, type Space } from '../search/vectors/spaces.ts'
import { putVectors } from '../search/vectors/vector-store.ts'
import { BrokenReader } from './extractor-output.ts'
import type { ImportMessage } from './import-messages.ts'

const passagesMax = 1e9

/** Whether vectors of that name are worth reading here: of this version of the built-in embedder, or of a model met before. */
export function isKnownSpace(fingerprint: string, embedders: readonly string[]): boolean {
  return isCurrent(fingerprint) || embedders.includes(fingerprint)
}

export class VectorImport {
  readonly #vecs: Db
  readonly #fingerprint: string
  #space: Space | undefined
  #builtin: BuiltinConfig | undefined
  #terms = 0
  #count = 0

  constructor(vecs: Db, fingerprint: string) {
    this.#vecs = vecs
    this.#fingerprint = fingerprint
  }

  /**
   * @returns whether the message was about vectors
   * @throws BrokenReader; Problem `invalid_request` for numbers that are no vector
   */
  take(message: ImportMessage): boolean {
    switch (message.type) {
      case 'space':
        this.#open(message)
        return true
      case 'terms':
        this.#addTerms(message)
        return true
      case 'vectors':
        this.#addVectors(message)
        return true
      default:
        return false
    }
  }

  /** Searches use them from now on, unless the fit that made them came without its terms. @returns how many there are */
  end(): number {
    const isWhole = (this.#builtin?.fitted ?? 0) === 0 || this.#terms > 0
    if (!this.#space || !isWhole || this.#count === 0) return 0
    activateSpace(this.#vecs, this.#fingerprint)
    return this.#count
  }

  #open({ dims, config }: ImportMessage & { type: 'space' }): void {
    if (this.#space) throw new BrokenReader('A second space.')
    this.#builtin = isCurrent(this.#fingerprint)
      ? checkedConfig(config, this.#fingerprint)
      : undefined
    if (this.#builtin && dims !== builtinDims)
      throw new BrokenReader('A space of other dimensions.')
    this.#space = openSpace(this.#vecs, {
      fingerprint: this.#fingerprint,
      dims,
      config: JSON.stringify(this.#builtin ?? { provider: 'remote' }),
      now: Date.now(),
    })
  }

  #addTerms({ terms, idf, scales, vectors }: ImportMessage & { type: 'terms' }): void {
    const bytes = Buffer.from(vectors, 'base64')
    const dims = bytes.length / terms.length
    const isWhole =
      this.#space &&
      this.#builtin &&
      terms.length > 0 &&
      idf.length === terms.length &&
      scales.length === terms.length &&
      Number.isInteger(dims) &&
      dims >= 1 &&
      dims <= learntDims &&
      terms.every(Number.isSafeInteger)
    if (!isWhole || !this.#space || !this.#builtin) throw new BrokenReader('Terms of no fit.')
    const model = {
      passages: this.#builtin.fitted,
      dims,
      terms: Float64Array.from(terms),
      idf: Float32Array.from(idf),
      scales: Float32Array.from(scales),
      vectors: new Int8Array(bytes),
    }
    if (![...model.idf, ...model.scales].every(Number.isFinite))
      throw new BrokenReader('Terms that are no numbers.')
    writeTerms(this.#vecs, this.#space, model, 0, terms.length)
    this.#terms += terms.length
  }

  #addVectors({ ids, vectors }: ImportMessage & { type: 'vectors' }): void {
    const space = this.#space
    const bytes = Buffer.from(vectors, 'base64')
    if (!space || bytes.length !== ids.length * space.dims * 4)
      throw new BrokenReader('Vectors of another length.')
    // Of its own buffer, on a multiple of four.
    const floats = new Float32Array(new Uint8Array(bytes).buffer)
    const rows = ids.map((id, at) => ({
      id,
      vector: floats.subarray(at * space.dims, (at + 1) * space.dims),
    }))
    this.#vecs.unsyncedTransaction(() => putVectors(this.#vecs, space, rows))
    this.#count += ids.length
  }
}

function checkedConfig(config: string, fingerprint: string): BuiltinConfig {
  const found = builtinConfigOf(config)
  const isCount = (value: number): boolean =>
    Number.isSafeInteger(value) && value >= 0 && value <= passagesMax
  const isHashed = fingerprint === hashedFingerprint
  if (
    !found ||
    !isCount(found.fitted) ||
    !isCount(found.library) ||
    isHashed !== (found.fitted === 0)
  )
    throw new BrokenReader('A space without settings.')
  return found
}
