/** A page of a PDF as it is, by pdf.js, with the passage marked on the text above the picture. */
import type { PDFDocumentProxy, PDFPageProxy } from 'pdfjs-dist'
import { useEffect, useRef, useState } from 'preact/hooks'
import { originalAddress } from '../api/documents.ts'
import { ApiError, authorization } from '../api/http.ts'
import type { Mark } from '../lib/highlight.ts'
import { openPdf, TextLayer } from '../pdf/pdfjs.ts'
import { markTextLayer } from '../pdf/text-layer.ts'
import { strings } from '../strings.ts'
import type { PageViewProps } from './page-view.tsx'

const words = strings.reader
/** Sharper than the screen shows costs memory: a phone draws three pixels for one. */
const pixelRatioMax = 3
const widthPxMax = 900

export function PdfView({ document: row, page, hit, zoom }: PageViewProps) {
  const { pdf, problem } = usePdf(row.id)
  const [failed, setFailed] = useState('')
  const [said, setSaid] = useState('')
  const frame = useRef<HTMLDivElement>(null)
  const sheet = useRef<HTMLElement>(null)
  useEffect(() => {
    if (!pdf || !frame.current || !sheet.current) return
    const ended = new AbortController()
    const { clientWidth } = frame.current
    const width = Math.min(clientWidth, widthPxMax) * zoom
    drawPage(pdf, page, { sheet: sheet.current, width, signal: ended.signal }).then(
      (drawn) => {
        if (!drawn) return
        setFailed('')
        setSaid(highlight(drawn, hit))
      },
      () => !ended.signal.aborted && setFailed(words.pdfFailed),
    )
    return () => ended.abort()
  }, [pdf, page, zoom, hit])
  return (
    <div class="pdf-frame" ref={frame}>
      {(problem || failed) && (
        <p class="problem" role="alert">
          {problem || failed}
        </p>
      )}
      {!pdf && !problem && <p class="quiet">{words.loading}</p>}
      <p class="hidden" role="status">
        {said}
      </p>
      <section class="sheet" ref={sheet} aria-label={words.pageImage(page)} />
    </div>
  )
}

function usePdf(id: string): { pdf: PDFDocumentProxy | undefined; problem: string } {
  const [pdf, setPdf] = useState<PDFDocumentProxy>()
  const [problem, setProblem] = useState('')
  useEffect(() => {
    const task = openPdf(originalAddress(id), authorization())
    task.promise.then(setPdf, (error: unknown) => {
      if (!task.destroyed) setProblem(error instanceof ApiError ? error.message : words.pdfFailed)
    })
    return () => void task.destroy()
  }, [id])
  return { pdf, problem }
}

interface Sheet {
  readonly sheet: HTMLElement
  readonly width: number
  readonly signal: AbortSignal
}

/** @returns the text above the picture; undefined when something else was asked for meanwhile */
async function drawPage(pdf: PDFDocumentProxy, number: number, { sheet, width, signal }: Sheet) {
  const page = await pdf.getPage(Math.min(number, pdf.numPages))
  if (signal.aborted) return undefined
  const scale = width / page.getViewport({ scale: 1 }).width
  const viewport = page.getViewport({ scale })
  const canvas = document.createElement('canvas')
  canvas.setAttribute('aria-hidden', 'true')
  const layer = document.createElement('div')
  layer.className = 'textLayer'
  layer.dir = 'ltr'
  await paint(page, canvas, scale, signal)
  const text = new TextLayer({
    textContentSource: await page.getTextContent(),
    container: layer,
    viewport,
  })
  await text.render()
  if (signal.aborted) return undefined
  sheet.style.width = `${viewport.width}px`
  sheet.style.height = `${viewport.height}px`
  sheet.style.setProperty('--total-scale-factor', String(scale))
  sheet.replaceChildren(canvas, layer)
  return text
}

async function paint(
  page: PDFPageProxy,
  canvas: HTMLCanvasElement,
  scale: number,
  signal: AbortSignal,
): Promise<void> {
  const ratio = Math.min(devicePixelRatio, pixelRatioMax)
  const viewport = page.getViewport({ scale: scale * ratio })
  canvas.width = Math.floor(viewport.width)
  canvas.height = Math.floor(viewport.height)
  const task = page.render({ canvas, viewport })
  const cancel = (): void => task.cancel()
  signal.addEventListener('abort', cancel)
  try {
    await task.promise
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** @returns what to say to somebody who does not see it */
function highlight(layer: TextLayer, hit: Mark | undefined): string {
  if (!hit) return ''
  const first = markTextLayer(layer.textDivs, layer.textContentItemsStr, hit)
  first?.scrollIntoView({ block: 'center' })
  return first ? words.highlighted : words.notFoundHere
}
