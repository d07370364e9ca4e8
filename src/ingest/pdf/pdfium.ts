/** PDFium, compiled to WebAssembly: the functions we call, and a module that can touch nothing but its own memory. */
import { readFileSync } from 'node:fs'
import { PDFiumModule } from '@hyzyla/pdfium'

/** Pointer into the module's memory; 0 is null. */
export type Pointer = number

/** The part of PDFium's C interface we use (fpdfview.h, fpdf_text.h, fpdf_doc.h, fpdf_formfill.h, fpdf_annot.h). */
export interface PdfiumFunctions {
  malloc(bytes: number): Pointer
  free(pointer: Pointer): void
  FPDF_InitLibrary(): void
  FPDF_LoadCustomDocument(access: Pointer, password: Pointer): Pointer
  FPDF_GetLastError(): number
  FPDF_CloseDocument(document: Pointer): void
  FPDF_GetPageCount(document: Pointer): number
  FPDF_GetPageLabel(document: Pointer, index: number, buffer: Pointer, bytes: number): number
  FPDF_GetMetaText(document: Pointer, tag: Pointer, buffer: Pointer, bytes: number): number
  FPDF_LoadPage(document: Pointer, index: number): Pointer
  FPDF_ClosePage(page: Pointer): void
  FPDF_GetPageWidthF(page: Pointer): number
  FPDF_GetPageHeightF(page: Pointer): number
  FPDFBitmap_CreateEx(
    width: number,
    height: number,
    format: number,
    scan: Pointer,
    stride: number,
  ): Pointer
  FPDFBitmap_FillRect(
    bitmap: Pointer,
    left: number,
    top: number,
    width: number,
    height: number,
    colour: number,
  ): void
  FPDF_RenderPageBitmap(
    bitmap: Pointer,
    page: Pointer,
    x: number,
    y: number,
    width: number,
    height: number,
    rotate: number,
    flags: number,
  ): void
  FPDFBitmap_GetBuffer(bitmap: Pointer): Pointer
  FPDFBitmap_GetStride(bitmap: Pointer): number
  FPDFBitmap_Destroy(bitmap: Pointer): void
  FPDFText_LoadPage(page: Pointer): Pointer
  FPDFText_ClosePage(text: Pointer): void
  FPDFText_CountChars(text: Pointer): number
  FPDFText_GetUnicode(text: Pointer, index: number): number
  FPDFText_GetLooseCharBox(text: Pointer, index: number, rectangle: Pointer): number
  FPDFText_GetMatrix(text: Pointer, index: number, matrix: Pointer): number
  FPDFText_GetFontSize(text: Pointer, index: number): number
  FPDFBookmark_GetFirstChild(document: Pointer, bookmark: Pointer): Pointer
  FPDFBookmark_GetNextSibling(document: Pointer, bookmark: Pointer): Pointer
  FPDFBookmark_GetTitle(bookmark: Pointer, buffer: Pointer, bytes: number): number
  FPDFBookmark_GetDest(document: Pointer, bookmark: Pointer): Pointer
  FPDFBookmark_GetAction(bookmark: Pointer): Pointer
  FPDFAction_GetDest(document: Pointer, action: Pointer): Pointer
  FPDFDest_GetDestPageIndex(document: Pointer, destination: Pointer): number
  FPDF_GetFormType(document: Pointer): number
  FPDFDOC_InitFormFillEnvironment(document: Pointer, info: Pointer): Pointer
  FPDFDOC_ExitFormFillEnvironment(form: Pointer): void
  FPDFPage_GetAnnotCount(page: Pointer): number
  FPDFPage_GetAnnot(page: Pointer, index: number): Pointer
  FPDFPage_CloseAnnot(annotation: Pointer): void
  FPDFAnnot_GetSubtype(annotation: Pointer): number
  FPDFAnnot_GetRect(annotation: Pointer, rectangle: Pointer): number
  FPDFAnnot_GetFormFieldType(form: Pointer, annotation: Pointer): number
  FPDFAnnot_GetFormFieldValue(
    form: Pointer,
    annotation: Pointer,
    buffer: Pointer,
    bytes: number,
  ): number
}

export interface Pdfium {
  readonly call: PdfiumFunctions
  /** The memory, as it is now: when it grows it is another buffer, so never keep one of these over a call. */
  readonly view: DataView
  readonly bytes: Uint8Array
  readonly floats: Float32Array
  /** Whether it wanted more memory than it may have: what it gave up on then was the document's fault. */
  readonly hasRunOut: boolean
  /** Sets what PDFium calls to read its document: `read(position, length)`; false from it ends the reading. */
  onRead(read: (position: number, into: Uint8Array) => boolean): void
}

/** Its memory may not grow beyond this: PDFium then gives up on the document, before the process has to be killed. */
const memoryBytesMax = 512 * 1024 * 1024
/** `-EPERM` as the C library wants it. */
const notPermitted = -1
/**
 * (module (type (func (param i32 i32 i32 i32) (result i32))) (import "e" "f" (func (type 0))) (export "f" (func 0))):
 * what makes a function of ours one that C can call by pointer.
 */
const trampoline = new Uint8Array([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 9, 1, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f, 2, 7, 1, 1,
  0x65, 1, 0x66, 0, 0, 7, 5, 1, 1, 0x66, 0, 0,
])
/** The table of function pointers cannot grow; its first place is the null pointer, which PDFium does not check for here. */
export const readFunction: Pointer = 0

interface RawModule {
  readonly wasmExports: Record<string, unknown>
  readonly HEAPU8: Uint8Array
  readonly HEAPF32: Float32Array
}

type Imports = Record<string, Record<string, unknown>>

/** Compiles the module (about 50 ms) and starts the library: once a process. */
export async function loadPdfium(): Promise<Pdfium> {
  const code = readFileSync(new URL(import.meta.resolve('@hyzyla/pdfium/pdfium.wasm')))
  const compiled = await WebAssembly.compile(code)
  let hasRunOut = false
  const raw = await (PDFiumModule as unknown as (options: object) => Promise<RawModule>)({
    print: () => undefined,
    printErr: () => undefined,
    instantiateWasm(imports: Imports, done: (instance: WebAssembly.Instance) => void) {
      confine(imports, () => {
        hasRunOut = true
      })
      const instance = new WebAssembly.Instance(compiled, imports as WebAssembly.Imports)
      done(instance)
      return instance.exports
    },
  })
  const { wasmExports } = raw
  const call = wasmExports as unknown as PdfiumFunctions
  const table = wasmExports['__indirect_function_table'] as WebAssembly.Table
  let reader: (position: number, into: Uint8Array) => boolean = () => false
  const answer = (_: number, position: number, pointer: Pointer, length: number): number =>
    reader(position >>> 0, raw.HEAPU8.subarray(pointer >>> 0, (pointer >>> 0) + (length >>> 0)))
      ? 1
      : 0
  const bridge = new WebAssembly.Instance(new WebAssembly.Module(trampoline), { e: { f: answer } })
  table.set(readFunction, bridge.exports['f'])
  call.FPDF_InitLibrary()
  return {
    call,
    get view() {
      return new DataView(raw.HEAPU8.buffer)
    },
    get bytes() {
      return raw.HEAPU8
    },
    get floats() {
      return raw.HEAPF32
    },
    get hasRunOut() {
      return hasRunOut
    },
    onRead(read) {
      reader = read
    },
  }
}

/** Takes away what a parser has no use for: opening, listing and removing files, and memory without end. */
function confine(imports: Imports, onRunOut: () => void): void {
  const env = imports['env'] ?? {}
  for (const name of ['openat', 'getdents64', 'unlinkat', 'rmdir', 'ftruncate64'])
    env[`__syscall_${name}`] = () => notPermitted
  const grow = env['emscripten_resize_heap'] as (bytes: number) => number
  env['emscripten_resize_heap'] = (bytes: number) => {
    if (bytes >>> 0 <= memoryBytesMax) return grow(bytes)
    onRunOut()
    return 0
  }
}
