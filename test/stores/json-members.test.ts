import { describe, expect, test } from 'vitest'
import { doubledMember } from '../../src/stores/json-members.ts'
import { cases, fc } from '../helpers/property.ts'

const RUNS = cases(500, 20_000)

describe('doubledMember', () => {
  test.each([
    ['{"a":1,"a":2}', ['a']],
    ['{"a":{"b":{"c":1,"c":1}}}', ['a', 'b', 'c']],
    ['{ "a" : {} ,\n"a" : {} }', ['a']],
    ['{"a":1,"\\u0061":1}', ['a']],
    ['{"":1,"":1}', ['']],
    ['{"a\\"":1,"a\\"":1}', ['a"']],
    ['{"\\\\":1,"\\\\":1}', ['\\']],
    ['{"__proto__":1,"__proto__":1}', ['__proto__']],
    ['[{"a":1},{"b":1,"b":1}]', ['b']],
  ])('finds it in %s', (json, path) => {
    expect(doubledMember(json)).toEqual(path)
  })

  test.each([
    '1',
    '"a"',
    'null',
    '[]',
    '{}',
    '{"a":"a","b":{"a":1}}',
    '[{"a":1},{"a":1}]',
    '{"a":"\\"a\\":1,\\"a\\":2"}',
  ])('finds none in %s', (json) => {
    expect(doubledMember(json)).toBeUndefined()
  })

  test('finds none in what JSON.stringify writes, and finds what is then put in', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { minKeys: 1 }), (document) => {
        const json = JSON.stringify(document)
        expect(doubledMember(json)).toBeUndefined()
        const [first = ''] = Object.keys(document)
        const doubled = `${json.slice(0, -1)},${JSON.stringify(first)}:0}`
        expect(doubledMember(doubled)).toEqual([first])
      }),
      { numRuns: RUNS },
    )
  })

  test('reads strings of many megabytes', () => {
    const long = 'é"\\'.repeat(4_000_000)
    expect(doubledMember(JSON.stringify({ a: { b: long } }))).toBeUndefined()
    expect(doubledMember(`{"a":${JSON.stringify(long)},"a":1}`)).toEqual(['a'])
  })
})
