/** Keeps PDFium loaded from document to document, and loads it anew after one that broke it. */
import { outOfMemory } from '../limits.ts'
import { loadPdfium, type Pdfium } from './pdfium.ts'

export type Guard = <T>(work: () => T) => T

export class PdfiumHost {
  #loaded: Promise<Pdfium> | undefined

  /** PDFium, with what every call to it has to go through: it gives up with a trap, after which its memory is in no known state. */
  async load(): Promise<{ pdfium: Pdfium; guard: Guard }> {
    this.#loaded ??= loadPdfium()
    const loaded = this.#loaded
    const pdfium = await loaded
    return {
      pdfium,
      guard: (work) => {
        try {
          return work()
        } catch (error) {
          if (!(error instanceof WebAssembly.RuntimeError)) throw error
          if (this.#loaded === loaded) this.#loaded = undefined
          throw pdfium.hasRunOut ? outOfMemory() : error
        }
      },
    }
  }
}
