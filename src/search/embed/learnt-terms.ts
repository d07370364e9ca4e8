/** A fit of the built-in embedder, in memory where it was made and in embedder_terms of vecs.db where it is used. */
import type { Db } from '../../base/sqlite.ts'
import type { Space } from '../vectors/spaces.ts'
import type { LearntTerm, LearntTerms } from './builtin.ts'
import { idfMax, type LsaModel } from './lsa.ts'
import { builtinConfigOf } from './refit.ts'
import { termHash } from './term-hash.ts'

const insertTerm = `INSERT INTO embedder_terms (space, term, idf, scale, vector) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (space, term) DO NOTHING`
const selectTerm = 'SELECT idf, scale, vector FROM embedder_terms WHERE space = ? AND term = ?'
/** Terms remembered while a batch of passages is embedded: the same few hundred make up most of any text. */
const rememberedMax = 20_000

/** The fit as it left `fitLsa`. */
export function termsOfModel(model: LsaModel): LearntTerms {
  const rows = new Map<number, number>()
  for (const [row, term] of model.terms.entries()) rows.set(term, row)
  return {
    idfMax: idfMax(model.passages),
    find: (term) => {
      const row = rows.get(termHash(term))
      return row === undefined ? undefined : termOfModel(model, row)
    },
  }
}

/**
 * The fit as it stands in vecs.db: only the terms asked for are read. For one operation.
 * @returns undefined for a space of hashed pieces alone
 */
export function termsOfSpace(vecs: Db, space: Space): LearntTerms | undefined {
  const fitted = builtinConfigOf(space.config)?.fitted ?? 0
  if (fitted === 0) return undefined
  const remembered = new Map<string, LearntTerm | undefined>()
  return {
    idfMax: idfMax(fitted),
    find: (term) => {
      if (remembered.has(term)) return remembered.get(term)
      const found = readTerm(vecs, space, term)
      if (remembered.size < rememberedMax) remembered.set(term, found)
      return found
    },
  }
}

/**
 * Writes terms `from` … `from + count - 1` of a fit: a step, so that a fit of fifty thousand never blocks.
 * @returns whether there is more to write
 */
export function writeTerms(
  vecs: Db,
  space: Space,
  model: LsaModel,
  from: number,
  count: number,
): boolean {
  const end = Math.min(model.terms.length, from + count)
  vecs.transaction(() => {
    for (let row = from; row < end; row++) {
      const { idf, scale, vector } = termOfModel(model, row)
      const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.length)
      vecs.run(insertTerm, space.id, model.terms[row] as number, idf, scale, bytes)
    }
  })
  return end < model.terms.length
}

function readTerm(vecs: Db, space: Space, term: string): LearntTerm | undefined {
  const row = vecs.get<{ idf: number; scale: number; vector: Uint8Array }>(
    selectTerm,
    space.id,
    termHash(term),
  )
  if (!row) return undefined
  const { buffer, byteOffset, length } = row.vector
  return { idf: row.idf, scale: row.scale, vector: new Int8Array(buffer, byteOffset, length) }
}

function termOfModel(model: LsaModel, row: number): LearntTerm {
  return {
    idf: model.idf[row] ?? 0,
    scale: model.scales[row] ?? 0,
    vector: model.vectors.subarray(row * model.dims, (row + 1) * model.dims),
  }
}
