/** Draws a page into pixels. */
import type { Picture } from '../picture/png.ts'
import type { Pdfium, Pointer } from './pdfium.ts'

/** FPDFBitmap_Gray and FPDFBitmap_BGRx. */
const formats = { grey: 1, colour: 3 } as const
/** FPDF_ANNOT and FPDF_GRAYSCALE. */
const drawAnnotations = 0x01
const drawGrey = 0x08
const white = 0xffffffff

export interface DrawOptions {
  /** In pixels; the page is drawn as large as fits. */
  readonly widthMax: number
  readonly heightMax: number
  readonly isGrey: boolean
  /** Pixels to a point at most: a small page is not blown up. */
  readonly scaleMax: number
}

/** @returns undefined for a page without an area, or where there is no memory for it */
export function drawPage(
  pdfium: Pdfium,
  page: Pointer,
  { widthMax, heightMax, isGrey, scaleMax }: DrawOptions,
): Picture | undefined {
  const { call } = pdfium
  const pointsWide = call.FPDF_GetPageWidthF(page)
  const pointsHigh = call.FPDF_GetPageHeightF(page)
  if (!(pointsWide > 0 && pointsHigh > 0)) return undefined
  const scale = Math.min(scaleMax, widthMax / pointsWide, heightMax / pointsHigh)
  const width = Math.max(1, Math.round(pointsWide * scale))
  const height = Math.max(1, Math.round(pointsHigh * scale))
  const bitmap = call.FPDFBitmap_CreateEx(
    width,
    height,
    isGrey ? formats.grey : formats.colour,
    0,
    0,
  )
  if (bitmap === 0) return undefined
  try {
    call.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, white)
    const flags = drawAnnotations | (isGrey ? drawGrey : 0)
    call.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, flags)
    const from = call.FPDFBitmap_GetBuffer(bitmap)
    const stride = call.FPDFBitmap_GetStride(bitmap)
    const raw = pdfium.bytes.subarray(from, from + stride * height)
    const pixels = isGrey ? grey(raw, stride, width, height) : rgb(raw, stride, width, height)
    return { width, height, channels: isGrey ? 1 : 3, pixels }
  } finally {
    call.FPDFBitmap_Destroy(bitmap)
  }
}

function grey(raw: Uint8Array, stride: number, width: number, height: number): Uint8Array {
  const pixels = new Uint8Array(width * height)
  for (let y = 0; y < height; y++)
    pixels.set(raw.subarray(y * stride, y * stride + width), y * width)
  return pixels
}

/** From blue, green, red, nothing. */
function rgb(raw: Uint8Array, stride: number, width: number, height: number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3)
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0, from = y * stride; x < width; x++, from += 4) {
      pixels[to++] = raw[from + 2] ?? 0
      pixels[to++] = raw[from + 1] ?? 0
      pixels[to++] = raw[from] ?? 0
    }
  return pixels
}
