import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { inspect } from 'node:util'
import { isLatchkeyError } from '../../errors.ts'
import type { Cases } from './case.ts'
import { assertStoreFailure, asWritable, collect, withHistory } from './checks.ts'

/** Long enough that its length is no number that a message has for another reason. */
const CANARY = `canary-7f3a91d2-${'x'.repeat(1637)}`
const ENCODINGS = ['base64', 'base64url', 'hex'] as const

/** What gives a value away: how it begins, and the beginnings of its encodings and hashes. */
function traces(value: string): string[] {
  const hashes = ['md5', 'sha1', 'sha256', 'sha512'].map((algorithm) => createHash(algorithm).update(value).digest())
  const encoded = [Buffer.from(value.slice(0, 64)), ...hashes].flatMap((bytes) =>
    ENCODINGS.map((encoding) => bytes.toString(encoding).slice(0, 12)),
  )
  return [value.slice(0, 8), ...encoded]
}

/** Checks that nothing of `value` shows in an error, wherever an error is looked at. */
function assertSilent(error: unknown, value = CANARY): void {
  assert.ok(error instanceof Error)
  const told = `${error.message} ${JSON.stringify(error)}`
  const shown = `${told} ${inspect(error, { depth: 10, showHidden: true, maxStringLength: null })} ${inspect(error.cause)}`
  for (const trace of traces(value)) assert.ok(!shown.includes(trace), 'an error shows a value, or what comes from it')
  assert.ok(!new RegExp(`\\b${value.length}\\b`).test(told), 'an error tells the length of a value')
}

export const silenceCases: Cases = {
  async 'an error that refuses values shows nothing of them'(open) {
    const store = asWritable(await open())
    if (store === undefined) return
    for (const value of [`${CANARY}\0`, `${CANARY}\ud800`]) {
      assertSilent(await assertStoreFailure('INVALID', () => store.set('a', { KEY: value })), value)
    }
    const refused: readonly unknown[] = [
      { KEY: CANARY, 'a-b': CANARY },
      { KEY: [CANARY] },
      { KEY: { toString: () => CANARY } },
      CANARY,
      [CANARY],
    ]
    for (const values of refused) {
      assertSilent(await assertStoreFailure('INVALID', () => store.set('a', values as Record<string, string>)))
    }
    const large = CANARY.repeat(1_000)
    assertSilent(await assertStoreFailure('TOO_LARGE', () => store.set('a', { KEY: large })), large)
  },

  async 'an error about a description shows nothing of it'(open) {
    const store = asWritable(await open())
    if (store === undefined) return
    const description = `${CANARY}\0`
    assertSilent(await assertStoreFailure('INVALID', () => store.set('a', { KEY: 'x' }, { description })), description)
  },

  async 'a conflict shows nothing of either value'(open) {
    const store = asWritable(await open({ default: { a: { KEY: CANARY } } }))
    if (!store?.capabilities.cas) return
    assertSilent(await assertStoreFailure('CONFLICT', () => store.set('a', { KEY: CANARY }, { ifVersion: null })))
    assertSilent(await assertStoreFailure('CONFLICT', () => store.delete('a', { ifVersion: 'none' })))
    const versioned = withHistory(store)
    if (versioned) assertSilent(await assertStoreFailure('INVALID', () => versioned.rollback('a', 'none')))
  },

  async 'a closed store shows nothing of what it held'(open) {
    const store = await open({ default: { a: { KEY: CANARY } } })
    await store.get('a')
    await store.close()
    assertSilent(await assertStoreFailure('CLOSED', () => store.get('a')))
    const writable = asWritable(store)
    if (writable) assertSilent(await assertStoreFailure('CLOSED', () => writable.set('a', { KEY: CANARY })))
  },

  async 'what is told of a secret without its values shows nothing of them'(open) {
    const store = await open({ default: { a: { KEY: CANARY } } })
    const told: unknown[] = [await store.describe('a')]
    if (store.capabilities.list) told.push(await collect(store.list()))
    const writable = asWritable(store)
    if (writable) told.push(await writable.set('a', { KEY: CANARY }, { mode: 'merge' }))
    const versioned = withHistory(store)
    if (versioned) told.push(await versioned.history('a'))
    const shown = inspect(told, { depth: 10, showHidden: true, maxStringLength: null, maxArrayLength: null })
    for (const trace of traces(CANARY)) assert.ok(!shown.includes(trace), 'an answer without values shows one')
  },

  async 'a version comes from no value alone'(open) {
    const values = { KEY: CANARY }
    const store = await open({ default: { a: values, b: values }, acme: { a: values } })
    const answers = await store.getMany([{ name: 'a' }, { name: 'b' }, { name: 'a', scope: 'acme' }])
    const documents = [CANARY, JSON.stringify(values), JSON.stringify([['KEY', CANARY]]), `KEY=${CANARY}`]
    const known = documents.flatMap(traces)
    for (const secret of answers) {
      assert.ok(secret)
      for (const trace of known) {
        assert.ok(!secret.version.includes(trace), 'a version shows a value, or what comes from it')
      }
    }
  },

  async 'an error of the store has a form for logs, with its code and no stack'(open) {
    const store = await open()
    await store.close()
    const error = await assertStoreFailure('CLOSED', () => store.get('a'))
    assert.ok(isLatchkeyError(error))
    const { code, retryable, stack } = error.toJSON() as { code?: unknown; retryable?: unknown; stack?: unknown }
    assert.deepEqual([code, retryable, stack], ['CLOSED', false, undefined])
  },
}
