/** Times on the wire: as Date shows them, for every moment. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isoTime } from '../../src/base/iso-time.ts'

test('every whole millisecond is shown as Date shows it', () => {
  const moment = fc.integer({ min: -62_198_755_200_000, max: 253_402_300_799_999 + 1e12 })
  fc.assert(
    fc.property(fc.array(moment, { minLength: 1 }), (moments) => {
      for (const ms of moments) expect(isoTime(ms)).toBe(new Date(ms).toISOString())
    }),
  )
  expect(() => isoTime(Number.NaN)).toThrow(RangeError)
  expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z')
})
