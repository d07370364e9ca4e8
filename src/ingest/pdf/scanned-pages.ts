/** Pages without text, drawn as pictures for whoever can read those. */
import type { PageRecogniser } from '../extraction.ts'
import { encodePng, type Picture } from '../picture/png.ts'
import type { PdfDocument } from './document.ts'

/** 300 dots an inch, which recognition is trained on; points are 72 an inch. */
const scale = 300 / 72
/** Pixels: a little more than A4 at that scale. A larger page is drawn smaller. */
const widthMax = 3_600
const heightMax = 3_600
/** Of zlib: the picture goes through a pipe, not over a network. */
const compression = 1
/** A page whose darkest and lightest pixel differ by less is blank paper. */
const contrastMin = 24

export class ScannedPages {
  readonly #recogniser: PageRecogniser
  #failed = 0

  constructor(recogniser: PageRecogniser) {
    this.#recogniser = recogniser
  }

  /** The text of page `number` (from 1); '' for a blank page and for one that could not be recognised. */
  read(document: PdfDocument, number: number): string {
    const known = this.#recogniser.known(number)
    if (known !== null) return known
    const options = { widthMax, heightMax, isGrey: true, scaleMax: scale }
    const picture = document.draw(number - 1, options)
    if (!picture || isBlank(picture)) return ''
    const text = this.#recogniser.recognise(number, encodePng(picture, compression))
    if (text === null) this.#failed++
    return text ?? ''
  }

  warnings(): string[] {
    if (this.#failed === 0) return []
    return [`The text of ${this.#failed} pages could not be recognised from their pictures.`]
  }
}

function isBlank({ pixels }: Picture): boolean {
  let [darkest, lightest] = [255, 0]
  for (const pixel of pixels) {
    if (pixel < darkest) darkest = pixel
    if (pixel > lightest) lightest = pixel
    if (lightest - darkest >= contrastMin) return false
  }
  return true
}
