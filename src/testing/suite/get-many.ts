import assert from 'node:assert/strict'
import type { Cases } from './case.ts'
import { assertArgumentFailure, assertEndsWhenAborted, assertSecret, assertSecretForm, failureOf } from './checks.ts'

const SEED = {
  default: { a: { KEY: 'x', OTHER: 'y' }, b: { KEY: 'z' } },
  acme: { a: { KEY: 'w' } },
}

export const getManyCases: Cases = {
  async 'getMany answers in the order of the requests, undefined for what is not there'(open) {
    const store = await open(SEED)
    const answers = await store.getMany([{ name: 'b' }, { name: 'none' }, { name: 'a' }, { name: 'b' }])
    assert.equal(answers.length, 4)
    assertSecret(answers[0], { name: 'b', values: { KEY: 'z' } })
    assert.equal(answers[1], undefined)
    assertSecret(answers[2], { name: 'a', values: { KEY: 'x', OTHER: 'y' } })
    assertSecret(answers[3], { name: 'b', values: { KEY: 'z' } })
  },

  async 'getMany reads from several scopes, each request from its own'(open) {
    const store = await open(SEED)
    const answers = await store.getMany([{ name: 'a', scope: 'acme' }, { name: 'a' }, { name: 'b', scope: 'acme' }])
    assertSecret(answers[0], { name: 'a', scope: 'acme', values: { KEY: 'w' } })
    assertSecret(answers[1], { name: 'a', values: { KEY: 'x', OTHER: 'y' } })
    assert.equal(answers[2], undefined)
  },

  async 'getMany gives secrets that are frozen and have no prototype, also with keys'(open) {
    const store = await open(SEED)
    for (const secret of await store.getMany([{ name: 'a' }, { name: 'a', keys: ['KEY'] }, { name: 'b', keys: [] }]))
      assertSecretForm(secret)
  },

  async 'getMany gives only the keys that were asked for, of those that there are'(open) {
    const store = await open(SEED)
    const [one, other, none, all] = await store.getMany([
      { name: 'a', keys: ['OTHER'] },
      { name: 'a', keys: ['KEY', 'MISSING', '__proto__', 'constructor'] },
      { name: 'a', keys: ['MISSING'] },
      { name: 'a' },
    ])
    assertSecret(one, { name: 'a', values: { OTHER: 'y' } })
    assertSecret(other, { name: 'a', values: { KEY: 'x' } })
    assertSecret(none, { name: 'a', values: {} })
    assertSecret(all, { name: 'a', values: { KEY: 'x', OTHER: 'y' } })
  },

  async 'getMany gives the versions that get gives, also with keys'(open) {
    const store = await open(SEED)
    const version = (await store.get('a'))?.version
    const answers = await store.getMany([{ name: 'a' }, { name: 'a', keys: ['KEY'] }])
    assert.deepEqual(
      answers.map((secret) => secret?.version),
      [version, version],
    )
  },

  async 'getMany gives no key where none was asked for, and the same secret as often as it was asked for'(open) {
    const store = await open(SEED)
    const answers = await store.getMany([
      { name: 'a', keys: [] },
      { name: 'a', keys: ['KEY'] },
      { name: 'a', keys: ['KEY', 'KEY'] },
      { name: 'a', keys: ['OTHER'] },
    ])
    const expected = [{}, { KEY: 'x' }, { KEY: 'x' }, { OTHER: 'y' }]
    assert.equal(answers.length, expected.length)
    for (const [index, values] of expected.entries()) assertSecret(answers[index], { name: 'a', values })
  },

  async 'getMany answers more requests than a page of an engine holds'(open) {
    const store = await open(SEED)
    const requests = Array.from({ length: 150 }, (_, i) => ({ name: ['a', 'none', 'b'][i % 3] ?? '' }))
    const answers = await store.getMany(requests)
    assert.deepEqual(
      answers.map((secret) => secret?.name),
      requests.map(({ name }) => (name === 'none' ? undefined : name)),
    )
  },

  async 'getMany takes the requests as they are when it is called'(open) {
    const store = await open(SEED)
    const keys = ['KEY']
    const requests = [{ name: 'a', keys }]
    const reading = store.getMany(requests)
    keys.push('OTHER')
    requests.push({ name: 'b', keys })
    const answers = await reading
    assert.equal(answers.length, 1)
    assertSecret(answers[0], { name: 'a', values: { KEY: 'x' } })
  },

  async 'getMany answers nothing to no requests'(open) {
    const store = await open(SEED)
    assert.deepEqual(await store.getMany([]), [])
  },

  async 'getMany refuses all of its requests if one is no request'(open) {
    const store = await open(SEED)
    await assertArgumentFailure('INVALID_NAME', () => store.getMany([{ name: 'a' }, { name: 'a b' }]))
    await assertArgumentFailure('INVALID_NAME', () => store.getMany([{ name: 'a' }, { name: 'a', scope: '..' }]))
    await assertArgumentFailure('INVALID_NAME', () => store.getMany([{ name: 'a', keys: ['KEY', 'a-b'] }]))
  },

  async 'getMany rejects with the reason of an aborted signal'(open) {
    const store = await open(SEED)
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    assert.equal(await failureOf(() => store.getMany([{ name: 'a' }], { signal })), reason)
  },

  async 'getMany that is aborted while it runs ends with the reason or the answers, and the next one answers'(open) {
    const store = await open(SEED)
    await assertEndsWhenAborted((signal) => store.getMany([{ name: 'a' }, { name: 'b' }], { signal }))
    const [secret] = await store.getMany([{ name: 'b' }])
    assertSecret(secret, { name: 'b', values: { KEY: 'z' } })
  },
}
