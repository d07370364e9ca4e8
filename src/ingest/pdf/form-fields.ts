/** What was filled into a PDF form: the values of its fields, at their places, since they are no part of the page's text. */
import type { Pdfium, Pointer } from './pdfium.ts'
import type { Segment } from './segments.ts'

/** FPDF_ANNOT_WIDGET, and the types of form fields that hold words: combo box, list box, text. */
const widget = 20
const wordFields: ReadonlySet<number> = new Set([4, 5, 6])
const annotationsMax = 2_000
/** Room for a structure of which only the version is set: FPDF_FORMFILLINFO, all callbacks absent. */
const infoBytes = 256
const infoVersion = 2
const valueBytesMax = 8_192
/** A value is taken to be set at most this large, in points, and its letters half as wide. */
const sizeMax = 10
const letterWidth = 0.5

/** Reads the fields of one document; `close` before the document is closed. */
export class FormFields {
  readonly #pdfium: Pdfium
  readonly #info: Pointer
  readonly #buffer: Pointer
  readonly #form: Pointer

  constructor(pdfium: Pdfium, document: Pointer) {
    const { call } = pdfium
    this.#pdfium = pdfium
    this.#info = call.malloc(infoBytes)
    this.#buffer = call.malloc(valueBytesMax)
    pdfium.bytes.fill(0, this.#info, this.#info + infoBytes)
    pdfium.view.setUint32(this.#info, infoVersion, true)
    this.#form = call.FPDFDOC_InitFormFillEnvironment(document, this.#info)
  }

  close(): void {
    const { call } = this.#pdfium
    if (this.#form !== 0) call.FPDFDOC_ExitFormFillEnvironment(this.#form)
    call.free(this.#info)
    call.free(this.#buffer)
  }

  /** The values on a page, each where its field is. */
  read(page: Pointer): Segment[] {
    const { call } = this.#pdfium
    const segments: Segment[] = []
    if (this.#form === 0) return segments
    const count = Math.min(call.FPDFPage_GetAnnotCount(page), annotationsMax)
    for (let index = 0; index < count; index++) {
      const annotation = call.FPDFPage_GetAnnot(page, index)
      if (annotation === 0) continue
      const segment = this.#readField(annotation)
      if (segment) segments.push(segment)
      call.FPDFPage_CloseAnnot(annotation)
    }
    return segments
  }

  #readField(annotation: Pointer): Segment | undefined {
    const { call } = this.#pdfium
    if (call.FPDFAnnot_GetSubtype(annotation) !== widget) return undefined
    if (!wordFields.has(call.FPDFAnnot_GetFormFieldType(this.#form, annotation))) return undefined
    const bytes = call.FPDFAnnot_GetFormFieldValue(
      this.#form,
      annotation,
      this.#buffer,
      valueBytesMax,
    )
    if (bytes <= 2 || bytes > valueBytesMax) return undefined
    const from = this.#pdfium.bytes.subarray(this.#buffer, this.#buffer + bytes - 2)
    const text = Buffer.from(from).toString('utf16le').replace(/\s+/g, ' ').trim()
    if (text === '' || call.FPDFAnnot_GetRect(annotation, this.#buffer) === 0) return undefined
    return this.#place(text)
  }

  /** The rectangle of the field has been read into the buffer: left, top, right, bottom. */
  #place(text: string): Segment {
    const view = this.#pdfium.view
    const left = view.getFloat32(this.#buffer, true)
    const top = -view.getFloat32(this.#buffer + 4, true)
    const right = view.getFloat32(this.#buffer + 8, true)
    const bottom = -view.getFloat32(this.#buffer + 12, true)
    const size = Math.min(Math.abs(bottom - top), sizeMax)
    return {
      text,
      left,
      right: Math.min(right, left + text.length * size * letterWidth),
      top: bottom - size,
      bottom,
      size,
      turn: 0,
      isRightToLeft: false,
    }
  }
}
