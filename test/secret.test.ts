import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { StoreError } from '../src/errors.ts'
import {
  assertKey,
  assertScope,
  assertSecretName,
  checkedValues,
  DEFAULT_SCOPE,
  defineSecret,
  isDefinition,
  isKey,
  isScope,
  isSecretName,
  isStandardSchema,
  isValue,
  MAX_KEYS,
  MAX_SECRET_BYTES,
  quoteName,
} from '../src/secret.ts'

/** Each with a title that a terminal can show. */
const titled = <T>(values: readonly T[]) => values.map((value) => [inspect(value).slice(0, 60), value] as const)

const NOT_STRINGS = [undefined, null, 0, 1n, true, {}, [], ['a'], Symbol('a'), () => 'a', new String('a')]
/** What is neither a name, nor a key, nor a scope. */
const NEVER_NAMES = [
  '',
  ' ',
  'a b',
  ' a',
  'a ',
  'a\n',
  '\na',
  'a\0',
  'a\u202e',
  'a\u200b',
  'é',
  'ａ',
  '😀',
  '\ud800',
  'a=b',
  'a:b',
  'a\\b',
]

describe('a secret name', () => {
  test.each(
    titled(['a', 'A', '_', '_1', 'my_github_secret', 'my-github-secret', 'a'.repeat(128), 'a'.concat('-'.repeat(127))]),
  )('may be %s', (_, name) => {
    expect(isSecretName(name)).toBe(true)
    expect(() => {
      assertSecretName(name)
    }).not.toThrow()
  })

  test.each(titled(['__proto__', 'constructor', 'hasOwnProperty', 'toString']))(
    'may be %s, as every other word',
    (_, name) => {
      expect(isSecretName(name)).toBe(true)
    },
  )

  test.each(titled([...NOT_STRINGS, ...NEVER_NAMES, '1a', '-a', 'a.b', 'a/b', '..', 'a'.repeat(129)]))(
    'may not be %s',
    (_, name) => {
      expect(isSecretName(name)).toBe(false)
      expect(() => {
        assertSecretName(name)
      }).toThrow(expect.objectContaining({ name: 'TypeError', code: 'INVALID_NAME' }))
    },
  )
})

describe('a key', () => {
  test.each(titled(['a', '_', 'GH_ACCESS_TOKEN', '_1', '__proto__', 'a'.repeat(255)]))('may be %s', (_, key) => {
    expect(isKey(key)).toBe(true)
    expect(() => {
      assertKey(key)
    }).not.toThrow()
  })

  test.each(titled([...NOT_STRINGS, ...NEVER_NAMES, '1A', 'A-B', 'A.B', 'tls.crt', 'a'.repeat(256)]))(
    'may not be %s',
    (_, key) => {
      expect(isKey(key)).toBe(false)
      expect(() => {
        assertKey(key)
      }).toThrow(expect.objectContaining({ name: 'TypeError', code: 'INVALID_NAME' }))
    },
  )
})

describe('a scope', () => {
  test.each(
    titled([
      'default',
      'acme/production',
      '1',
      '_',
      'a.b',
      'a..b',
      'a-b',
      '__proto__',
      'a'.repeat(64),
      Array(8).fill('a').join('/'),
      Array(8).fill('a'.repeat(64)).join('/'),
    ]),
  )('may be %s', (_, scope) => {
    expect(isScope(scope)).toBe(true)
    expect(() => {
      assertScope(scope)
    }).not.toThrow()
  })

  test.each(
    titled([
      ...NOT_STRINGS,
      ...NEVER_NAMES,
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      'a/.',
      'a/..',
      'a/../b',
      './a',
      '.a',
      '-a',
      'a/-b',
      'a%2Fb',
      'a'.repeat(65),
      Array(9).fill('a').join('/'),
    ]),
  )('may not be %s', (_, scope) => {
    expect(isScope(scope)).toBe(false)
    expect(() => {
      assertScope(scope)
    }).toThrow(expect.objectContaining({ name: 'TypeError', code: 'INVALID_NAME' }))
  })
})

describe('a value', () => {
  test.each(
    titled([
      '',
      ' ',
      'a',
      '\n',
      '\r\n',
      '\t',
      '\u0001',
      '\u007f',
      '😀',
      '\ud83d\ude00',
      '\ufeff',
      '\ufffd',
      '{{ SECRETS.a.B }}',
    ]),
  )('may be %s', (_, value) => {
    expect(isValue(value)).toBe(true)
  })

  test.each(titled([...NOT_STRINGS, '\0', 'a\0b', '\ud800', '\udc00', 'a\ud83db', '\ude00\ud83d']))(
    'may not be %s',
    (_, value) => {
      expect(isValue(value)).toBe(false)
    },
  )
})

describe('what a refusal says', () => {
  const message = (check: (given: unknown) => void, given: unknown) => {
    try {
      check(given)
    } catch (error) {
      return (error as Error).message
    }
    throw new Error('nothing was refused')
  }

  test('of a name: what one is made of', () => {
    expect(message(assertSecretName, '1a')).toBe(
      `"1a" is not a secret's name: use a letter or _, then up to 127 letters, digits, _ or -.`,
    )
  })

  test('of a definition where a name is asked for: where definitions go', () => {
    expect(message(assertSecretName, defineSecret('a', { A: z.string() }))).toBe(
      "a value of type object is not a secret's name: " +
        'definitions are for register, currentCall and the verbs of typedStore(store).',
    )
  })

  test('of a key: what one is made of', () => {
    expect(message(assertKey, 'A-B')).toBe(
      '"A-B" is not a key: use a letter or _, then up to 254 letters, digits or _.',
    )
  })

  test('of a scope: what one is made of', () => {
    expect(message(assertScope, 'a//b')).toBe(
      '"a//b" is not a scope: ' +
        'use 1 to 8 segments of letters, digits, _ . or -, joined by /, e.g. acme/production.',
    )
  })
})

test('the scope of what names none is default', () => {
  expect(DEFAULT_SCOPE).toBe('default')
})

describe('quoteName', () => {
  test('shows what cannot be seen, and what would break out of the quotes', () => {
    expect(quoteName('a\n\u202e\u200b"\\\ud800b')).toBe('"a\\u{a}\\u{202e}\\u{200b}\\u{22}\\u{5c}\\u{d800}b"')
  })

  test('cuts a long name', () => {
    expect(quoteName('a'.repeat(81))).toBe(`"${'a'.repeat(79)}…"`)
    expect(quoteName('a'.repeat(80))).toBe(`"${'a'.repeat(80)}"`)
  })

  test('tells only the type of what is not a string', () => {
    expect(quoteName({ toString: () => 'hidden' })).toBe('a value of type object')
    expect(quoteName(null)).toBe('a value of type null')
  })
})

describe('checkedValues', () => {
  const address = { store: 'test', scope: 'default', secret: 'a' }
  const refusal = (values: unknown): StoreError => {
    try {
      checkedValues(values, address)
    } catch (error) {
      if (error instanceof StoreError) return error
      throw error
    }
    throw new Error('nothing was refused')
  }

  test('copies the pairs into a frozen record without a prototype', () => {
    const given = { A: 'x', B: '' }
    const checked = checkedValues(given, address)
    given.A = 'changed'
    expect(Object.getPrototypeOf(checked)).toBeNull()
    expect(Object.isFrozen(checked)).toBe(true)
    expect({ ...checked }).toEqual({ A: 'x', B: '' })
  })

  test('takes own enumerable pairs only', () => {
    const given = Object.create(
      { INHERITED: 'x' },
      { HIDDEN: { value: 'x' }, A: { value: 'x', enumerable: true } },
    ) as object
    expect(Object.keys(checkedValues(given, address))).toEqual(['A'])
  })

  test('keeps __proto__ as a key like any other', () => {
    const checked = checkedValues(JSON.parse('{"__proto__":"x"}'), address)
    expect(Object.entries(checked)).toEqual([['__proto__', 'x']])
  })

  test.each(titled([undefined, null, 'text', 1, ['x'], new Map([['A', 'x']]), {}]))('refuses %s', (_, values) => {
    expect(refusal(values)).toMatchObject({
      code: 'INVALID',
      retryable: false,
      store: 'test',
      scope: 'default',
      secret: 'a',
    })
  })

  test.each(titled([1, null, undefined, ['x'], { toString: () => 'x' }, '\0', '\ud800']))(
    'refuses the value %s, naming its key',
    (_, value) => {
      expect(refusal({ OK: 'x', BAD: value })).toMatchObject({ code: 'INVALID', key: 'BAD' })
    },
  )

  test('refuses a key that is none', () => {
    expect(refusal({ 'tls.crt': 'x' })).toMatchObject({ code: 'INVALID' })
    expect(refusal({ 'tls.crt': 'x' }).message).toContain('"tls.crt"')
  })

  test('takes as many keys and bytes as there may be, and not one more', () => {
    const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`K${i}`, '']))
    expect(Object.keys(checkedValues(keys(MAX_KEYS), address))).toHaveLength(MAX_KEYS)
    expect(refusal(keys(MAX_KEYS + 1))).toMatchObject({ code: 'INVALID' })
    // Two bytes a character: the limit counts UTF-8 bytes, over all values.
    const half = 'é'.repeat(MAX_SECRET_BYTES / 4)
    expect(checkedValues({ A: half, B: half }, address)['A']).toBe(half)
    expect(refusal({ A: half, B: half, C: 'x' })).toMatchObject({ code: 'TOO_LARGE' })
  })

  test.each<[string, unknown, string]>([
    ['no object', 'text', "the values must be an object of key/value pairs, e.g. { API_TOKEN: '…' }."],
    ['no pair', {}, 'a secret needs at least one key.'],
    [
      'too many pairs',
      Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`K${i}`, ''])),
      'a secret has at most 100 keys.',
    ],
    ['a key that is none', { 'a-b': '' }, '"a-b" is not a key: use letters, digits and _, no digit first.'],
    ['a value that is none', { A: '\0' }, 'the value of A must be a well-formed string without NUL characters.'],
  ])('says which secret it is about, and what is wrong: %s', (_, values, problem) => {
    expect(refusal(values).message).toBe(`Secret a (scope default): ${problem}`)
  })

  test('says which secret is too large', () => {
    const error = refusal({ A: 'x'.repeat(MAX_SECRET_BYTES + 1) })
    expect(error).toMatchObject({ code: 'TOO_LARGE', ...address })
    expect(error.message).toBe('Secret a (scope default) is larger than 1 MiB.')
  })

  test('never shows a value', () => {
    for (const values of [
      { A: 'hunter2-secret\0' },
      { A: 'hunter2-secret', 'b-d': 'hunter2-secret' },
      { A: 'hunter2-secret'.repeat(80_000) },
    ]) {
      expect(JSON.stringify(refusal(values))).not.toContain('hunter2')
      expect(refusal(values).stack).not.toContain('hunter2')
    }
  })
})

describe('defineSecret', () => {
  test('gives a frozen definition that holds the schemas', () => {
    const schema = z.string()
    const definition = defineSecret('my_github_secret', { GH_ACCESS_TOKEN: schema })
    expect(definition).toMatchObject({ kind: 'latchkey.secret-definition', name: 'my_github_secret' })
    expect(definition.schemas.GH_ACCESS_TOKEN).toBe(schema)
    expect(Object.isFrozen(definition) && Object.isFrozen(definition.schemas)).toBe(true)
  })

  test.each([
    ['a bad name', 'a b', { A: z.string() }, 'INVALID_NAME'],
    ['a bad key', 'a', { 'a-b': z.string() }, 'INVALID_NAME'],
    ['something that is no schema', 'a', { A: String }, 'INVALID_OPTION'],
    ['no key', 'a', {}, 'INVALID_OPTION'],
  ])('refuses %s', (_, name, schemas, code) => {
    expect(() => defineSecret(name, schemas as never)).toThrow(expect.objectContaining({ name: 'TypeError', code }))
  })

  test('says which key has no schema, and that a key is needed', () => {
    expect(() => defineSecret('a', { A: String } as never)).toThrow(
      'Secret a: the schema of A does not implement Standard Schema.',
    )
    expect(() => defineSecret('a', {})).toThrow('Secret a: define at least one key.')
  })

  test('makes what isDefinition tells from anything else', () => {
    const definition = defineSecret('a', { A: z.string() })
    expect(isDefinition(definition)).toBe(true)
    const { kind } = definition
    for (const other of [undefined, null, 'a', kind, {}, { kind: 'other' }, { ...definition, kind: undefined }]) {
      expect(isDefinition(other)).toBe(false)
    }
    // A definition is made here: what something inherits, such as a polluted prototype, makes it none.
    expect(isDefinition(Object.create(definition))).toBe(false)
    expect(isDefinition(Object.assign(() => undefined, { kind }))).toBe(false)
  })

  test('takes a schema that is a function', () => {
    const schema = Object.assign(() => undefined, { '~standard': z.string()['~standard'] })
    expect(defineSecret('a', { A: schema as never }).schemas.A).toBe(schema)
  })

  test.each(titled([undefined, null, 'text', {}, { '~standard': null }, { '~standard': { validate: 'x' } }]))(
    '%s is no schema',
    (_, schema) => {
      expect(isStandardSchema(schema)).toBe(false)
    },
  )
})
