import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../src/redact/index.ts'
import { maskedAndCut, withoutRest } from '../../src/worker/cut-text.ts'
import { encodeThrown, redactThrown } from '../../src/worker/thrown.ts'

const LONGEST = 32 * 1024
const VALUE = 'tok-"quoted"/+é%-0123456789-abcdefghij'
const redactor = createRedactor([VALUE])
const cut = (text: string): string => maskedAndCut(withoutRest(text), redactor.redact)

describe('a text that is cut', () => {
  test('says so, and keeps what it can of its beginning; a shorter one is only masked', () => {
    expect(cut('x'.repeat(LONGEST))).toBe('x'.repeat(LONGEST))
    expect(cut('x'.repeat(LONGEST + 1))).toMatch(/^x{30721}…\[cut\]$/)
    expect(cut('x'.repeat(10 * LONGEST))).toBe(`${'x'.repeat(LONGEST)}…[cut]`)
    expect(cut(`a ${VALUE} b`)).toBe('a *** b')
  })

  test.each([
    ['a value', VALUE],
    ['a value in base64', Buffer.from(`user:${VALUE}`).toString('base64')],
    ['a value in hex', Buffer.from(VALUE).toString('hex')],
    ['a value in JSON', JSON.stringify(VALUE)],
  ])('in the middle of %s shows no part of it', (_, form) => {
    for (const end of [LONGEST, LONGEST + 2048]) {
      for (let place = -form.length; place <= 1; place++) {
        const shown = cut(`${'é'.repeat(end + place)}${form}${'y'.repeat(3 * LONGEST)}`)
        // What stands before the value in its form is not the value's.
        expect(shown.replace(/^é+(?:"|d?X?N?l?c?j?p?)\**"?y*…\[cut\]$/, '')).toBe('')
      }
    }
  })

  test('shows no part of a value where many others were masked before it', () => {
    const shown = cut(`${`${VALUE} `.repeat(5_000)}${'z'.repeat(LONGEST)}`)
    expect(shown).toMatch(/^(?:\*\*\* )*\**…\[cut\]$/)
  })
})

test('nothing in an error is cut before it is masked: message, stack, code, cause, errors, data', () => {
  const long = (fill: string): string => `${fill.repeat(LONGEST - 20)}${VALUE}${fill.repeat(LONGEST)}`
  const error = Object.assign(new TypeError(long('m'), { cause: new Error(long('c')) }), {
    code: long('d'),
    errors: [new Error(long('e'))],
    data: [{ deep: long('n'), at: new Date(0), 12345678: 12345678 }],
  })
  for (const thrown of [error, long('t'), { value: long('v') }]) {
    const shown = inspect(redactThrown(encodeThrown(thrown), redactor), { depth: Infinity, maxStringLength: Infinity })
    expect(shown).not.toMatch(/tok-|quoted/)
    expect(shown).toContain('…[cut]')
  }
  const masked = redactThrown(encodeThrown(error), redactor)
  expect(masked).toMatchObject({ data: { data: [{ at: new Date(0), 12345678: 12345678 }] } })
})

test('a number as the code of an error is masked if it is a value', () => {
  const thrown = redactThrown(
    encodeThrown(Object.assign(new Error('m'), { code: 12345678 })),
    createRedactor(['12345678']),
  )
  expect(thrown).toMatchObject({ code: '***' })
  expect(redactThrown(encodeThrown(Object.assign(new Error('m'), { code: 404 })), redactor)).toMatchObject({
    code: 404,
  })
})
