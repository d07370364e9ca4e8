/** Fields that are added to JSON which was made elsewhere. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { extended, JsonText } from '../../src/base/json-text.ts'

test('says what the object with the fields says', () => {
  const fields = fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue(), { minKeys: 1 })
  fc.assert(
    fc.property(fields, fields, (given, added) => {
      const { text } = extended(new JsonText<object>(JSON.stringify(given)), added)
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify({ ...given, ...added })))
    }),
  )
})
