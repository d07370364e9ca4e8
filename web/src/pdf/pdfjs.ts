/** pdf.js, set up: its worker, its data beside it, nothing of it from elsewhere, and no script of a PDF ever run. */
import { getDocument, type PDFDocumentLoadingTask, PDFWorker, TextLayer } from 'pdfjs-dist'
import workerUrl from 'pdfjs-dist/build/pdf.worker.min.mjs?url'

declare const __PDFJS_DATA__: string

/** Where the browser has it: not yet in TypeScript's own list. */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): unknown }
}

/** Enough for some pages at once; the rest is asked for when it is turned to. */
const rangeBytes = 256 * 1024

let worker: PDFWorker | undefined

/** @param headers who is asking: a link could not carry it */
export function openPdf(url: string, headers: Record<string, string>): PDFDocumentLoadingTask {
  worker ??= PDFWorker.create({ port: startWorker() })
  return getDocument({
    url,
    worker,
    httpHeaders: headers,
    rangeChunkSize: rangeBytes,
    disableAutoFetch: true,
    disableStream: true,
    cMapUrl: `${__PDFJS_DATA__}cmaps/`,
    standardFontDataUrl: `${__PDFJS_DATA__}standard_fonts/`,
    wasmUrl: `${__PDFJS_DATA__}wasm/`,
    // The same letters everywhere, and widths that fit: a system’s stand-in for Times is anything.
    useSystemFonts: false,
    enableXfa: false,
  })
}

/** The page's policy allows scripts from one named maker alone: this, which knows one address. */
function startWorker(): Worker {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
  const policy = trustedTypes?.createPolicy('carrel-worker', {
    createScriptURL: (url) => {
      if (url !== workerUrl) throw new TypeError('not the address of the worker')
      return url
    },
  })
  const url = policy ? (policy.createScriptURL(workerUrl) as string) : workerUrl
  return new Worker(url, { type: 'module' })
}

export { TextLayer }
