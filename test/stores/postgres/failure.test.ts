import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { generateKey } from '../../../src/crypto/raw-key.ts'
import { StoreError } from '../../../src/errors.ts'
import { postgresFailure } from '../../../src/stores/postgres/failure.ts'
import { readNote } from '../../../src/stores/postgres/note.ts'
import { postgresStore } from '../../../src/stores/postgres.ts'
import { failureOf } from '../../helpers/store-folder.ts'

const TEXT = 'driver says hunter2'
const failed = (code: unknown): unknown =>
  postgresFailure(Object.assign(new Error(TEXT), { code, detail: TEXT, parameters: [TEXT] }), 'read a secret')

describe('what the client fails with', () => {
  test.each([
    ['25006', 'READ_ONLY'],
    ['28P01', 'DENIED'],
    ['28000', 'DENIED'],
    ['42501', 'DENIED'],
    ['42P01', 'INVALID'],
    ['42703', 'INVALID'],
    ['3F000', 'INVALID'],
    ['3D000', 'INVALID'],
    ['26000', 'INVALID'],
    ['42P05', 'INVALID'],
    ['XX001', 'CORRUPT'],
    ['08006', 'UNAVAILABLE'],
    ['57P01', 'UNAVAILABLE'],
    ['57014', 'UNAVAILABLE'],
    ['53300', 'UNAVAILABLE'],
    ['58030', 'UNAVAILABLE'],
    ['40P01', 'UNAVAILABLE'],
    ['55P03', 'UNAVAILABLE'],
    ['22021', 'STORE_FAILED'],
    ['P0001', 'STORE_FAILED'],
    ['ECONNREFUSED', 'UNAVAILABLE'],
    ['EPIPE', 'UNAVAILABLE'],
    ['CONNECTION_ENDED', 'UNAVAILABLE'],
    [undefined, 'UNAVAILABLE'],
    [7, 'UNAVAILABLE'],
  ])('with %s is %s, and its words are not passed on', (given, code) => {
    const error = failed(given)
    expect(error).toMatchObject({ code, store: 'postgres', retryable: code === 'UNAVAILABLE' })
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter2')
    if (typeof given === 'string') expect(String(error)).toContain(given)
  })

  test.each([undefined, null, 'hunter2', { code: 'hunter2' }])('as no error is UNAVAILABLE', (thrown) => {
    const error = postgresFailure(thrown, 'read a secret')
    expect(error).toMatchObject({ code: 'UNAVAILABLE' })
    expect(inspect(error)).not.toContain('hunter2')
  })

  test('as an error of the store passes through', () => {
    const error = new StoreError('CLOSED', 'closed')
    expect(postgresFailure(error, 'read')).toBe(error)
  })
})

describe('a client that answers with something else', () => {
  const key = generateKey()
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no rows', {}],
    ['a keyring that is no text', { rows: [{ revision: 1, document: Buffer.alloc(1) }] }],
    ['a keyring that is no bytes', { rows: [{ revision: '1', document: 7 }] }],
  ])('%s is BAD_ANSWER', async (_, answer) => {
    const store = postgresStore({ client: { query: () => Promise.resolve(answer as { rows: [] }) }, key })
    expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'BAD_ANSWER', store: 'postgres' })
  })

  test('bytes as PostgreSQL writes them is understood', async () => {
    const rows = [{ revision: '1', document: `\\x${Buffer.from('nothing').toString('hex')}` }]
    const store = postgresStore({ client: { query: () => Promise.resolve({ rows }) }, key })
    expect(await failureOf(() => store.get('a'))).toMatchObject({ code: 'CORRUPT' })
  })

  test('versions that are none is BAD_ANSWER', async () => {
    const answers = [{ rows: [] }, { rows: [{ i: 1, version: '1', sealed: Buffer.from('{}'), kept: 'text' }] }]
    const client = { query: () => Promise.resolve(answers.shift() ?? { rows: [] }) }
    const store = postgresStore({ client, plaintext: true })
    expect(await failureOf(() => store.history('a'))).toMatchObject({ code: 'BAD_ANSWER', secret: 'a' })
  })
})

describe('a client that reads whole numbers in its own way', () => {
  const answering = (version: unknown) => {
    const answers = [{ rows: [] }, { rows: [{ version, sealed: Buffer.from('{"values":{"K":"v"}}') }] }]
    return postgresStore({ client: { query: () => Promise.resolve(answers.shift() ?? { rows: [] }) }, plaintext: true })
  }
  test.each<unknown>(['12', 12, 12n])('is understood', async (version) => {
    expect((await answering(version).get('a'))?.version).toBe('12')
  })
  test.each<unknown>([1.5, null, undefined, 2 ** 60, {}])(
    'and loses digits, or gives none, is BAD_ANSWER',
    async (version) => {
      expect(await failureOf(() => answering(version).get('a'))).toMatchObject({ code: 'BAD_ANSWER' })
    },
  )
})

describe('a client that takes no prepared statement', () => {
  const failing = (error: Error) =>
    postgresStore({ client: { query: () => Promise.reject(error) }, plaintext: true, prepare: true })

  test('is BAD_ANSWER with prepare: true, and its words are not passed on', async () => {
    const client = {
      query: (text: string, params: unknown[]) =>
        params.length === 0 ? Promise.resolve({ rows: [] }) : Promise.resolve({ rows: [text.trim()] }),
    }
    const store = postgresStore({
      client: { query: async (...given) => client.query(...given) },
      plaintext: true,
      prepare: true,
    })
    // Called with one object, it has no params.
    const error = await failureOf(() => store.get('a'))
    expect(error).toMatchObject({ code: 'BAD_ANSWER', store: 'postgres' })
    expect((error as { hint?: string }).hint).toContain('pg')
    const told = await failureOf(() => failing(new TypeError('driver says hunter2')).set('a', { K: 'v' }))
    expect(inspect(told, { depth: 10, showHidden: true })).not.toContain('hunter2')
  })

  test('is not blamed for a connection that failed', async () => {
    expect(await failureOf(() => failing(new Error('gone')).get('a'))).toMatchObject({ code: 'UNAVAILABLE' })
  })
})

describe('options', () => {
  const client = { query: () => Promise.resolve({ rows: [] }) }
  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'INVALID_OPTION'],
    ['no client', {}, 'INVALID_OPTION'],
    ['a client without query', { client: {} }, 'INVALID_OPTION'],
    ['a schema with a quote', { client, schema: 'a"b' }, 'INVALID_OPTION'],
    ['a schema with capitals', { client, schema: 'Public' }, 'INVALID_OPTION'],
    ['a prefix that is too long', { client, prefix: 'a'.repeat(41) }, 'INVALID_OPTION'],
    ['a listen that is no function', { client, listen: 'yes' }, 'INVALID_OPTION'],
    ['a prepare that is no boolean', { client, prepare: 'yes' }, 'INVALID_OPTION'],
    ['a plaintext that is no boolean', { client, plaintext: 'yes' }, 'INVALID_OPTION'],
    ['a key for what is not sealed', { client, plaintext: true, key: 'k' }, 'INVALID_OPTION'],
    ['two keys', { client, key: 'k', keyFile: 'f' }, 'INVALID_OPTION'],
    ['a history below zero', { client, history: -1 }, 'INVALID_OPTION'],
    ['a check every millisecond', { client, listenCheckMs: 1 }, 'INVALID_OPTION'],
    ['one that it does not have', { client, table: 'a' }, 'UNKNOWN_OPTION'],
  ])('with %s are refused when the store is made', (_, options, code) => {
    expect(() => postgresStore(options as never)).toThrow(expect.objectContaining({ code, name: 'TypeError' }))
  })

  test('make a store that asks nothing before it is used, and has watch only with listen', () => {
    let asked = 0
    const counting = { query: () => Promise.resolve({ rows: [asked++] }) }
    const store = postgresStore({ client: counting, key: 'no key' })
    expect(asked).toBe(0)
    expect(store.watch).toBeUndefined()
    expect(store.capabilities).toEqual({
      write: true,
      cas: true,
      history: true,
      watch: false,
      list: true,
      syncDescribe: false,
    })
  })
})

test.each([
  ['["default","a","12"]', { scope: 'default', name: 'a', version: 12 }],
  ['["acme/x","a"]', { scope: 'acme/x', name: 'a' }],
  ['["default","a",12]', undefined],
  ['["default","a","012"]', undefined],
  ['["..","a"]', undefined],
  ['["default","a b"]', undefined],
  ['"default"', undefined],
  ['{', undefined],
  [undefined, undefined],
])('the note %s is read as %j', (payload, change) => {
  expect(readNote(payload)).toEqual(change)
})
