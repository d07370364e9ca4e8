/** Bytes of small WebAssembly modules (binary format of the core specification, 3.0). */

export const v128 = 0x7b
export const i32 = 0x7f
export const f32 = 0x7d

export const get = (local: number): number[] => [0x20, local]
export const set = (local: number): number[] => [0x21, local]
export const i32Const = (value: number): number[] => [0x41, ...signed(value)]
export const i32Add = [0x6a]
export const i32Sub = [0x6b]
export const i32Mul = [0x6c]
/** Instructions of vectors of 128 bits. */
export const simd = (opcode: number, ...rest: number[]): number[] => [
  0xfd,
  ...unsigned(opcode),
  ...rest,
]
/** From the address on the stack. */
export const v128Load = (offset: number): number[] => [...simd(0x00, 0), ...unsigned(offset)]
export const v128Const = (byte: number): number[] =>
  simd(0x0c, ...Array.from({ length: 16 }, () => byte))
/** Numbers of 32 bits from two vectors: 0 … 3 of the first, 4 … 7 of the second. */
export const shuffleInts = (...indexes: readonly number[]): number[] =>
  simd(0x0d, ...indexes.flatMap((index) => [0, 1, 2, 3].map((byte) => index * 4 + byte)))
export const advance = (local: number, by: number): number[] => [
  ...get(local),
  ...i32Const(by),
  ...i32Add,
  ...set(local),
]
/** do { body } while (--counter) */
export const loopDown = (counter: number, body: readonly number[]): number[] => [
  ...[0x03, 0x40],
  ...body,
  ...[...get(counter), ...i32Const(1), ...i32Sub, 0x22, counter],
  ...[0x0d, 0x00, 0x0b],
]
/** if (condition) { body }; without a condition, what stands on the stack is it. */
export const when = (body: readonly number[], condition: readonly number[] = []): number[] => [
  ...condition,
  ...[0x04, 0x40],
  ...body,
  0x0b,
]

export interface FunctionCode {
  readonly name: string
  readonly parameters: readonly number[]
  readonly result?: number
  /** Its own, exported as `memory`, unless it is said to be given: then it is imported as `memory` of `given`. */
  readonly memory?: 'imported'
  /** Types of the locals after the parameters. */
  readonly locals: readonly number[]
  readonly body: readonly number[]
}

/** A module of one function, exported by its name. */
export function wasmModule({
  name,
  parameters,
  result,
  memory,
  locals,
  body,
}: FunctionCode): Uint8Array<ArrayBuffer> {
  const code = [locals.length, ...locals.flatMap((type) => [1, type]), ...body, 0x0b]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, parameters.length, ...parameters, ...(result ? [1, result] : [0])]),
    ...(memory ? section(2, [1, ...text('given'), ...text('memory'), 2, 0, 1]) : []),
    ...section(3, [1, 0]),
    ...(memory ? [] : section(5, [1, 0, 1])),
    ...section(
      7,
      memory ? [1, ...text(name), 0, 0] : [2, ...text('memory'), 2, 0, ...text(name), 0, 0],
    ),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ])
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content]
}

function text(name: string): number[] {
  return [name.length, ...Array.from(name, (letter) => letter.charCodeAt(0))]
}

/** LEB128. */
export function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)]
}

function signed(value: number): number[] {
  return value >= -64 && value < 64 ? [value & 127] : [(value & 127) | 128, ...signed(value >> 7)]
}
