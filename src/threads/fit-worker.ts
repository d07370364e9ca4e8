/** Entry of a fit: learns how the words of one library go together from texts it is handed; opens no file. */
import type { PassageToEmbed } from '../library/passages.ts'
import { createAnalyser } from '../search/analysis/analyser.ts'
import { learntDims } from '../search/embed/builtin.ts'
import { fitLsa, type LsaModel } from '../search/embed/lsa.ts'
import { fitFingerprint } from '../search/embed/refit.ts'
import { TermMatrixBuilder } from '../search/embed/term-matrix.ts'
import { TermCounter } from '../search/embed/text-terms.ts'
import { passageTerms } from './embedding.ts'

/** Passages to learn from, or the word that there are no more. */
export type ToFit = readonly PassageToEmbed[] | 'fit'
/** A batch was taken, or what was learnt. */
export type FromFit = 'taken' | { readonly fingerprint: string; readonly model: LsaModel }

const counter = new TermCounter(createAnalyser())
const builder = new TermMatrixBuilder()

process.on('message', (message: ToFit) => {
  if (message === 'fit') {
    const model = fitLsa(builder.build(), learntDims)
    process.send?.({ fingerprint: fitFingerprint(model), model } satisfies FromFit)
    return
  }
  for (const passage of message) builder.add(passageTerms(counter, passage))
  process.send?.('taken' satisfies FromFit)
})
// Nobody is left to learn for when the server has gone.
process.on('disconnect', () => process.exit())
