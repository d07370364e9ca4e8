/** Lines that wait are written whole, in order, and at the latest when they are asked for. */
import { expect, test, vi } from 'vitest'
import { LineBuffer } from '../../src/base/line-buffer.ts'

function buffered(): { buffer: LineBuffer; written: string[] } {
  const written: string[] = []
  return { buffer: new LineBuffer({ write: (text) => written.push(text) }), written }
}

test('lines are written many at once, whole and in order', () => {
  const { buffer, written } = buffered()
  const lines = Array.from({ length: 2_000 }, (_, at) => `line ${at}\n`)
  for (const line of lines) buffer.write(line)
  expect(written).toHaveLength(1)
  expect(written[0]).toMatch(/\n$/)
  buffer.flush()
  buffer.flush()
  expect(written).toHaveLength(2)
  expect(written.join('')).toBe(lines.join(''))
})

test('a single line waits a second at most', () => {
  vi.useFakeTimers()
  try {
    const { buffer, written } = buffered()
    buffer.write('one\n')
    expect(written).toEqual([])
    vi.advanceTimersByTime(1_000)
    expect(written).toEqual(['one\n'])
    buffer.write('two\n')
    vi.advanceTimersByTime(1_000)
    expect(written).toEqual(['one\n', 'two\n'])
  } finally {
    vi.useRealTimers()
  }
})
