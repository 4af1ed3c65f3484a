import { describe, expect, test } from 'vitest'
import type { StoreError } from '../../src/errors.ts'
import { infoAnswer } from '../../src/stores/answer.ts'
import { assertSomeKey, checkedRename, foreignDocument, foreignKeys, foreignSecret } from '../../src/stores/foreign.ts'
import { allTextOf, thrownBy } from '../helpers/thrown.ts'

const ADDRESS = { store: 'vault', scope: 'default', secret: 'a' }
/** Stands in every value of the tests that look for leaks. */
const CANARY = 'hunter2-canary'
const NONE = checkedRename('vaultStore', undefined)

/** Gives the StoreError that `act` throws, after looking for the canary in all of it. */
function refusal(act: () => unknown, code = 'INVALID'): StoreError {
  const error = thrownBy(act)
  expect(error).toMatchObject({ name: 'StoreError', code, ...ADDRESS, retryable: false })
  expect(allTextOf(error)).not.toContain(CANARY.slice(0, 8))
  return error as StoreError
}

describe('checkedRename', () => {
  test.each([null, 'tls.crt', 1, [], ['tls.crt', 'TLS_CRT'], new Map([['tls.crt', 'TLS_CRT']])])(
    'refuses %j, which is no object of names',
    (rename) => {
      const refused = expect.objectContaining({ name: 'TypeError', code: 'INVALID_OPTION' }) as Error
      expect(() => checkedRename('vaultStore', rename)).toThrow(refused)
    },
  )

  test.each(['tls.crt', '', '1A', 1, null, undefined, ['A']])('refuses %j as what a name is read as', (key) => {
    const refused = expect.objectContaining({ name: 'TypeError', code: 'INVALID_NAME' }) as Error
    expect(() => checkedRename('vaultStore', { 'tls.crt': key })).toThrow(refused)
  })

  test('copies, so that a later change does nothing', () => {
    const rename: Record<string, string> = { 'tls.crt': 'TLS_CRT' }
    const checked = checkedRename('vaultStore', rename)
    rename['tls.crt'] = 'OTHER'
    expect([...checked]).toEqual([['tls.crt', 'TLS_CRT']])
  })
})

describe('foreignKeys', () => {
  test('gives keys as they are, renames what is mapped, and skips the rest', () => {
    const rename = checkedRename('vaultStore', { 'tls.crt': 'TLS_CRT', token: 'API_TOKEN', absent: 'ABSENT' })
    const { names, skipped } = foreignKeys(['tls.key', 'tls.crt', 'token', 'PLAIN', '', 'a-b'], rename, ADDRESS)
    expect(Object.fromEntries(names)).toEqual({ TLS_CRT: 'tls.crt', API_TOKEN: 'token', PLAIN: 'PLAIN' })
    expect(skipped).toEqual(['', 'a-b', 'tls.key'])
    expect(Object.isFrozen(skipped)).toBe(true)
  })

  test('swaps two keys if asked to', () => {
    const { names } = foreignKeys(['A', 'B'], checkedRename('vaultStore', { A: 'B', B: 'A' }), ADDRESS)
    expect(Object.fromEntries(names)).toEqual({ A: 'B', B: 'A' })
  })

  test.each([
    ['two names mapped onto one key', { 'a.b': 'KEY', 'a-b': 'KEY' }, ['a.b', 'a-b']],
    ['a name mapped onto a key that is there', { 'a.b': 'KEY' }, ['a.b', 'KEY']],
    ['a name mapped onto a key that comes first', { 'a.b': 'KEY' }, ['KEY', 'a.b']],
  ])('refuses %s, naming both', (_, rename, names) => {
    const error = refusal(() => foreignKeys(names, checkedRename('vaultStore', rename), ADDRESS))
    expect(error.key).toBe('KEY')
    for (const name of names) expect(error.message).toContain(`"${name}"`)
  })

  test('takes two names mapped onto one key where a secret has only one of them', () => {
    const rename = checkedRename('vaultStore', { 'a.b': 'KEY', 'a-b': 'KEY' })
    expect(Object.fromEntries(foreignKeys(['a-b'], rename, ADDRESS).names)).toEqual({ KEY: 'a-b' })
  })

  test('words that every object knows are names like any other', () => {
    const rename = checkedRename('vaultStore', JSON.parse('{"__proto__":"PROTO"}'))
    const { names, skipped } = foreignKeys(['__proto__', 'constructor'], rename, ADDRESS)
    expect([...names]).toEqual([
      ['PROTO', '__proto__'],
      ['constructor', 'constructor'],
    ])
    expect(skipped).toEqual([])
  })
})

describe('foreignSecret', () => {
  test('reads strings as they are, booleans and safe integers as JSON writes them', () => {
    const members = { TEXT: 'x', EMPTY: '', YES: true, NO: false, PORT: 5432, LOW: -1, MAX: Number.MAX_SAFE_INTEGER }
    const { values, skipped } = foreignSecret(members, NONE, ADDRESS)
    const port = { PORT: '5432', LOW: '-1', MAX: '9007199254740991' }
    expect({ ...values }).toEqual({ TEXT: 'x', EMPTY: '', YES: 'true', NO: 'false', ...port })
    expect(Object.getPrototypeOf(values)).toBeNull()
    expect(Object.isFrozen(values)).toBe(true)
    expect(skipped).toEqual([])
  })

  test.each(['null', '1.5', '9007199254740992', '12345678901234567890', '1e400', `{"a":"${CANARY}"}`, `["${CANARY}"]`])(
    'refuses a value that is %s, naming the key alone',
    (json) => {
      const members = foreignDocument(`{"KEY":${json}}`, ADDRESS)
      const error = refusal(() => foreignSecret(members, NONE, ADDRESS))
      expect(error.key).toBe('KEY')
      expect(error.message).toContain('KEY')
    },
  )

  test('refuses a string that no value can be', () => {
    for (const value of [`${CANARY}\0`, `${CANARY}\ud800`]) {
      expect(refusal(() => foreignSecret({ KEY: value }, NONE, ADDRESS)).key).toBe('KEY')
    }
    refusal(() => foreignSecret({ KEY: CANARY.repeat(100_000) }, NONE, ADDRESS), 'TOO_LARGE')
  })

  test('looks at no value of what it skips', () => {
    expect(foreignSecret({ KEY: 'x', 'a.b': null, 'c.d': { e: 1 } }, NONE, ADDRESS)).toMatchObject({
      values: { KEY: 'x' },
      skipped: ['a.b', 'c.d'],
    })
  })

  test('reads the value of a renamed name, also of a word that every object knows', () => {
    const rename = checkedRename('vaultStore', JSON.parse('{"__proto__":"PROTO","a.b":"A_B"}'))
    const members = foreignDocument('{"__proto__":"x","a.b":1,"constructor":"y"}', ADDRESS)
    expect({ ...foreignSecret(members, rename, ADDRESS).values }).toEqual({ PROTO: 'x', A_B: '1', constructor: 'y' })
  })

  test('refuses an object without any member', () => {
    expect(refusal(() => foreignSecret({}, NONE, ADDRESS)).message).toContain('at least one key')
  })

  test('a secret of which every name was skipped can be described, but not read', () => {
    const secret = foreignSecret({ 'tls.crt': CANARY, 'tls.key': CANARY }, NONE, ADDRESS)
    expect(infoAnswer({ name: 'a', scope: 'default', version: '1', ...secret })).toEqual({
      name: 'a',
      scope: 'default',
      version: '1',
      keys: [],
      skipped: ['tls.crt', 'tls.key'],
    })
    expect(
      refusal(() => {
        assertSomeKey(secret, ADDRESS)
      }).hint,
    ).toContain('rename')
    expect(() => {
      assertSomeKey(foreignSecret({ KEY: 'x' }, NONE, ADDRESS), ADDRESS)
    }).not.toThrow()
  })
})

describe('foreignDocument', () => {
  test.each(['', CANARY, `{"KEY":"${CANARY}"`, `{KEY:"${CANARY}"}`, '\ufeff{}'])(
    'refuses %j, which is not JSON',
    (json) => {
      expect(refusal(() => foreignDocument(json, ADDRESS)).message).toContain('not JSON')
    },
  )

  test.each(['null', '1', `"${CANARY}"`, `["${CANARY}"]`])('refuses %s, which is no object', (json) => {
    expect(refusal(() => foreignDocument(json, ADDRESS)).message).toContain('not a JSON object')
  })

  test('refuses a member given twice, and shows its name only if it is a key', () => {
    expect(refusal(() => foreignDocument(`{"KEY":"${CANARY}","K\\u0045Y":"x"}`, ADDRESS)).message).toContain(
      'KEY twice',
    )
    const error = refusal(() => foreignDocument(`{"${CANARY}":1,"${CANARY}":2}`, ADDRESS))
    expect(error.message).toContain('(unnamable) twice')
  })
})
