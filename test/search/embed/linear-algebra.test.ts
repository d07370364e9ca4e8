/** The dense algebra against its definitions. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FloatMemory } from '../../../src/search/embed/float-memory.ts'
import {
  gramMatrix,
  orthonormalise,
  reserveScratch,
  symmetricEigen,
} from '../../../src/search/embed/linear-algebra.ts'
import { seededRandom } from '../../../src/search/vectors/random.ts'

function tallMatrix(rows: number, width: number, value: (row: number, column: number) => number) {
  const memory = new FloatMemory()
  const scratch = reserveScratch(memory, width)
  const tall = { at: memory.reserve(rows * width), rows, width }
  const numbers = memory.floats(tall.at, rows * width)
  for (let i = 0; i < numbers.length; i++) numbers[i] = value(Math.floor(i / width), i % width)
  return { memory, scratch, tall }
}

test('a gram matrix is what its definition says, over more rows than are summed at once', () => {
  const random = seededRandom(3)
  const { memory, scratch, tall } = tallMatrix(700, 8, () => random() - 0.5)
  const numbers = memory.floats(tall.at, 700 * 8)
  const gram = gramMatrix(memory, scratch, tall)
  for (const [i, j] of [
    [0, 0],
    [3, 5],
    [7, 7],
    [6, 1],
  ] as const) {
    let sum = 0
    for (let row = 0; row < 700; row++)
      sum += (numbers[row * 8 + i] ?? 0) * (numbers[row * 8 + j] ?? 0)
    expect(gram[i * 8 + j]).toBeCloseTo(sum, 3)
  }
})

test('columns become orthonormal and span what they spanned, even when they are almost parallel', () => {
  const random = seededRandom(5)
  const { memory, scratch, tall } = tallMatrix(300, 12, (row, column) => {
    return Math.sin(row) + (column + 1) * 0.01 * (random() - 0.5)
  })
  orthonormalise(memory, scratch, tall, 2)
  const gram = gramMatrix(memory, scratch, tall)
  for (let i = 0; i < 12; i++)
    for (let j = 0; j < 12; j++) expect(gram[i * 12 + j]).toBeCloseTo(i === j ? 1 : 0, 3)
})

test('columns that say nothing new become zero, not noise without a bound', () => {
  const { memory, scratch, tall } = tallMatrix(50, 4, (row, column) =>
    column < 2 ? row + column : 0,
  )
  orthonormalise(memory, scratch, tall, 2)
  const gram = gramMatrix(memory, scratch, tall)
  expect([0, 1, 2, 3].map((i) => gram[i * 5])).toEqual([
    expect.closeTo(1, 3),
    expect.closeTo(1, 3),
    0,
    0,
  ])
})

test('eigenvectors are stretched by their eigenvalues, which come largest first', () => {
  const matrices = fc.integer({ min: 1, max: 9 }).chain((width) =>
    fc.tuple(
      fc.constant(width),
      fc.array(fc.integer({ min: -20, max: 20 }), {
        minLength: width * width,
        maxLength: width * width,
      }),
    ),
  )
  fc.assert(
    fc.property(matrices, ([width, numbers]) => {
      const matrix = Float64Array.from(numbers, (_, i) => {
        const [row, column] = [Math.floor(i / width), i % width]
        return (numbers[i] ?? 0) + (numbers[column * width + row] ?? 0)
      })
      const { values, vectors } = symmetricEigen(matrix, width)
      expect([...values]).toEqual([...values].sort((a, b) => b - a))
      for (let v = 0; v < width; v++) {
        const column = Array.from({ length: width }, (_, i) => vectors[i * width + v] ?? 0)
        expect(Math.hypot(...column)).toBeCloseTo(1, 8)
        for (let row = 0; row < width; row++) {
          const product = column.reduce((sum, x, i) => sum + x * (matrix[row * width + i] ?? 0), 0)
          expect(product).toBeCloseTo((values[v] ?? 0) * (column[row] ?? 0), 6)
        }
      }
    }),
    { numRuns: 50 },
  )
})
