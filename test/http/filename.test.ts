import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanFilename } from '../../src/http/filename.ts'

test.each([
  ['book.pdf', 'book.pdf'],
  ['/etc/passwd', 'passwd'],
  ['C:\\Users\\me\\book.pdf', 'book.pdf'],
  ['..', 'document'],
  ['a/..', 'document'],
  ['', 'document'],
  [' \t\r\n', 'document'],
  ['\u202efdp.exe', 'fdp.exe'],
  ['a\u0000b\u0085c\u2028d.txt', 'abcd.txt'],
  ['e\u0301.txt', 'é.txt'],
  ['\ud800.txt', '\ufffd.txt'],
  ['.gitignore', '.gitignore'],
  [`${'é'.repeat(200)}.txt`, `${'é'.repeat(125)}.txt`],
  [`a.${'x'.repeat(300)}`, `a.${'x'.repeat(253)}`],
])('%j becomes %j', (name, clean) => {
  expect(cleanFilename(name)).toBe(clean)
})

test('any name becomes one harmless line of at most 255 bytes, and stays what it is', () => {
  const any = fc.string({ unit: 'binary', maxLength: 600 })
  const odd = fc.string({
    unit: fc.constantFrom('a', '/', '\\', '.', '\u202e', '\n', 'é', '😀'),
    maxLength: 600,
  })
  fc.assert(
    fc.property(fc.oneof(any, odd), (name) => {
      const clean = cleanFilename(name)
      expect(clean).not.toMatch(/[/\\\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
      expect(['', '.', '..']).not.toContain(clean)
      expect(Buffer.byteLength(clean)).toBeLessThanOrEqual(255)
      expect(clean.isWellFormed()).toBe(true)
      expect(cleanFilename(clean)).toBe(clean)
    }),
  )
})
