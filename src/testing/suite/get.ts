import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { assertEndsWhenAborted, assertSecret, assertSecretForm, failureOf, record } from './checks.ts'

/** Values that something on the way might change: encodings, line ends, blanks, markup. */
const DELICATE = {
  EMPTY: '',
  BLANK: ' ',
  PADDED: '  x\t',
  LINES: 'a\nb\r\nc\n',
  EMOJI: '🔑👩‍👩‍👧',
  COMBINED: 'e\u0301 é',
  BOM: '\ufeffx',
  REPLACEMENT: '\ufffd',
  CONTROL: '\u0001\u001b[31m\u007f\u0085\u2028\u2029',
  QUOTES: `"'\`\\`,
  JSON: '{"a":[1,null]}',
  TAG: '{{ SECRETS.a.B }} ${C} %41',
  NUMBER: '9007199254740993',
  WORD: 'null',
  EDGE: '\ud7ff\ue000\u{10ffff}',
}
const MIB = 1024 * 1024

export const getCases: Cases = {
  async 'get answers with name, scope, version and values, frozen and without a prototype'(open) {
    const store = await open({ default: { a: { KEY: 'x', OTHER: 'y' } } })
    const secret = await store.get('a')
    assertSecret(secret, { name: 'a', values: { KEY: 'x', OTHER: 'y' } })
    assertSecretForm(secret)
  },

  async 'get answers undefined for what is not there'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    assert.equal(await store.get('b'), undefined)
    assert.equal(await store.get('A'), undefined, 'names are case-sensitive')
    assert.equal(await store.get('a', { scope: 'empty' }), undefined)
  },

  async 'get looks in the scope that is given, in default if none is, and falls back to no other'(open) {
    const store = await open({
      default: { a: { KEY: 'x' }, b: { KEY: 'x' } },
      acme: { a: { KEY: 'y' } },
      'acme/production': { a: { KEY: 'z' } },
    })
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: 'x' } })
    assertSecret(await store.get('a', { scope: 'default' }), { name: 'a', values: { KEY: 'x' } })
    assertSecret(await store.get('a', { scope: 'acme' }), { name: 'a', scope: 'acme', values: { KEY: 'y' } })
    const deep = await store.get('a', { scope: 'acme/production' })
    assertSecret(deep, { name: 'a', scope: 'acme/production', values: { KEY: 'z' } })
    assert.equal(await store.get('b', { scope: 'acme' }), undefined)
    assert.equal(await store.get('a', { scope: 'acme/staging' }), undefined)
  },

  async 'get gives every value exactly as it was written'(open) {
    const store = await open({ default: { a: DELICATE } })
    assertSecret(await store.get('a'), { name: 'a', values: DELICATE })
  },

  async 'get gives the largest secret that there may be'(open) {
    const store = await open()
    const size = Math.min(store.capabilities.maxBytes ?? MIB, MIB)
    const values = { LARGE: 'é'.repeat(size / 2 - 1), REST: 'x'.repeat(2 + (size % 2)) }
    const seeded = await open({ default: { a: values } })
    assertSecret(await seeded.get('a'), { name: 'a', values })
  },

  async 'get gives as many keys as there may be'(open) {
    const values = record(Array.from({ length: 100 }, (_, i) => [`KEY_${i}`, `value ${i}`] as const))
    const store = await open({ default: { a: values } })
    assertSecret(await store.get('a'), { name: 'a', values })
  },

  async 'get tells the same version until something is written'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    assert.equal((await store.get('a'))?.version, (await store.get('a'))?.version)
  },

  async 'get rejects with the reason of an aborted signal'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    const reason = new Error('enough')
    assert.equal(await failureOf(() => store.get('a', { signal: AbortSignal.abort(reason) })), reason)
  },

  async 'get that is aborted while it runs ends with the reason or the answer, and the next one answers'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    await assertEndsWhenAborted((signal) => store.get('a', { signal }))
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: 'x' } })
  },

  async 'get gives a date of its own each time, so that a changed one changes no other answer'(open) {
    const store = await open({ default: { a: { KEY: 'x' } } })
    const first = (await store.get('a'))?.createdAt
    const time = first?.getTime()
    first?.setTime(0)
    const [many] = await store.getMany([{ name: 'a' }])
    for (const answer of [await store.get('a'), many, await store.describe('a')]) {
      assert.equal(answer?.createdAt?.getTime(), time)
      answer?.createdAt?.setTime(0)
    }
    assert.equal((await store.get('a'))?.createdAt?.getTime(), time)
  },
}
