/** Hashed subwords: a vector for any word, from the word and its pieces, with nothing learnt. */
import { pieceHash } from './term-hash.ts'

/** Pieces of three and four characters of `<word>`: endings, misspellings and compounds share most of them (Bojanowski et al. 2017). */
const pieceLengths = [3, 4]
const wholeWordSalt = 0x77
const pieceSalt = 0x70

/** Adds `weight` times the unit vector of a word to `out`, `dims` numbers from `at`. */
export function addSubwords(
  out: Float64Array,
  at: number,
  dims: number,
  word: string,
  weight: number,
): void {
  const marked = `<${word}>`
  let count = 1
  for (const length of pieceLengths) count += Math.max(0, marked.length - length + 1)
  const share = weight / Math.sqrt(count)
  addFeature(out, at, dims, pieceHash(marked, 0, marked.length, wholeWordSalt), share)
  for (const length of pieceLengths)
    for (let start = 0; start + length <= marked.length; start++)
      addFeature(out, at, dims, pieceHash(marked, start, start + length, pieceSalt), share)
}

/** Signed, so that features that meet in one dimension cancel as often as they add (Weinberger et al. 2009). */
function addFeature(
  out: Float64Array,
  at: number,
  dims: number,
  hash: number,
  share: number,
): void {
  const index = at + ((hash >>> 1) % dims)
  out[index] = (out[index] as number) + (hash & 1 ? share : -share)
}
