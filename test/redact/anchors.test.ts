import { describe, expect, test } from 'vitest'
import { buildAnchors } from '../../src/redact/anchors.ts'
import type { Form } from '../../src/redact/forms.ts'

/** A form that has one anchor. */
const whole = (text: string): Form => ({ text, whole: true, before: false, after: false })
/** Where in their forms the anchors are, in the order of the forms. */
const placesOf = (forms: readonly Form[], count = forms.length): number[] =>
  Array.from(buildAnchors(forms).offsets.subarray(1, 1 + count))

describe('the anchor of a form', () => {
  test.each(['    ', '----', '""""', 'aaaa', 'mmmm', 'zzzz', '0000', '5555', '9999'])(
    'is not what logs are full of, as %j is',
    (common) => {
      expect(placesOf([whole(`${common}AAAA`)])).toEqual([4])
      expect(placesOf([whole(`AAAA${common}`)])).toEqual([0])
    },
  )

  test.each(['````', '{{{{', '////', '::::', 'ZZZZ', 'éééé'])('is the first of several rare ones, as %j is', (rare) => {
    expect(placesOf([whole(`${rare}AAAA`)])).toEqual([0])
  })

  test('is rather of digits than of letters, and of letters than of blanks', () => {
    expect(placesOf([whole('aaaa0000'), whole('    aaaa')])).toEqual([4, 4])
  })

  test('is not one that another form has, as long as there is another as rare', () => {
    const forms = ['AAAABBBB', 'AAAACCCC', 'AAAADDDD', 'AAAAB', 'AAAA'].map(whole)
    // AAAA; AAAC; AAAD; AAAB; and AAAA once more, for want of another.
    expect(placesOf(forms)).toEqual([0, 1, 1, 1, 0])
  })

  test('is one that as few other forms have as possible, and the first of several such', () => {
    expect(placesOf(['AAAA', 'AAAA', 'AAAB', 'AAAAB'].map(whole))).toEqual([0, 0, 0, 1])
    expect(placesOf([whole('aAAAa')])).toEqual([0])
  })

  test('is among its first 25 places', () => {
    expect(placesOf([whole(`${'a'.repeat(24)}AAAA`), whole(`${'a'.repeat(40)}BBBB`)])).toEqual([24, 0])
  })

  test('is one in each half where a line end may break it', () => {
    const form: Form = { text: 'abcdefXYZWghij', whole: false, before: false, after: false }
    // The rarest place of all, XYZW at 6, is over the middle, at 7.
    expect(placesOf([form], 2)).toEqual([3, 7])
  })
})

test('the table has 64 times as many places as there are anchors, within bounds', () => {
  const sizes = [1, 100, 20_000].map((count) => {
    return buildAnchors(Array.from({ length: count }, (_, index) => whole(`value-${index}`))).filter.length
  })
  expect(sizes).toEqual([2 ** 12, 2 ** 14, 2 ** 18])
})
