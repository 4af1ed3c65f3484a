import assert from 'node:assert/strict'
import { isLatchkeyError } from '../../errors.ts'
import type { WritableSecretStore } from '../../store.ts'
import type { Cases } from './case.ts'
import { assertSecret, asWritable, record } from './checks.ts'

const WRITERS = Array.from({ length: 20 }, (_, writer) => writer)

/** Lets all writers write at once, and gives those who won; all others must have met a conflict. */
async function winners(write: (writer: number) => Promise<unknown>): Promise<number[]> {
  const results = await Promise.allSettled(WRITERS.map(write))
  for (const result of results) {
    if (result.status === 'rejected' && !isLatchkeyError(result.reason, 'CONFLICT')) throw result.reason
  }
  return WRITERS.filter((writer) => results[writer]?.status === 'fulfilled')
}

/** Each conflict means that another writer has written, so as many attempts as there are writers are enough. */
async function increment(store: WritableSecretStore): Promise<void> {
  for (let attempt = 0; attempt < WRITERS.length; attempt += 1) {
    const live = await store.get('a')
    const next = String(Number(live?.values['COUNT']) + 1)
    try {
      await store.set('a', { COUNT: next }, { ifVersion: live?.version })
      return
    } catch (error) {
      if (!isLatchkeyError(error, 'CONFLICT')) throw error
    }
  }
  throw new assert.AssertionError({ message: 'there were more conflicts than writes' })
}

export const raceCases: Cases = {
  async 'of 20 writers with the same version, exactly one writes'(open) {
    const store = asWritable(await open())
    if (!store?.capabilities.cas) return
    const { version } = await store.set('a', { KEY: 'before' })
    const won = await winners((writer) => store.set('a', { KEY: `writer ${writer}` }, { ifVersion: version }))
    assert.equal(won.length, 1)
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: `writer ${won[0] ?? -1}` } })
  },

  async 'of 20 writers that create the same secret, exactly one does'(open) {
    const store = asWritable(await open())
    if (!store?.capabilities.cas) return
    const won = await winners((writer) => store.set('a', { KEY: `writer ${writer}` }, { ifVersion: null }))
    assert.equal(won.length, 1)
    assertSecret(await store.get('a'), { name: 'a', values: { KEY: `writer ${won[0] ?? -1}` } })
  },

  async 'of 20 writers that delete the same version, exactly one does'(open) {
    const store = asWritable(await open())
    if (!store?.capabilities.cas) return
    const { version } = await store.set('a', { KEY: 'x' })
    const won = await winners(() => store.delete('a', { ifVersion: version }))
    assert.equal(won.length, 1)
    assert.equal(await store.get('a'), undefined)
  },

  async '20 writers that count, each from what it read, lose nothing'(open) {
    const store = asWritable(await open({ default: { a: { COUNT: '0' } } }))
    if (!store?.capabilities.cas) return
    await Promise.all(WRITERS.map(() => increment(store)))
    assertSecret(await store.get('a'), { name: 'a', values: { COUNT: '20' } })
  },

  async '20 writers that merge a key each lose none'(open) {
    const store = asWritable(await open({ default: { a: { FIRST: 'x' } } }))
    if (!store?.capabilities.cas) return
    const infos = await Promise.all(
      WRITERS.map((writer) => store.set('a', { [`KEY_${writer}`]: 'x' }, { mode: 'merge' })),
    )
    assert.equal(new Set(infos.map(({ version }) => version)).size, WRITERS.length)
    assert.equal((await store.describe('a'))?.keys.length, WRITERS.length + 1)
  },

  async '20 secrets written at once are all there'(open) {
    const store = asWritable(await open())
    if (store === undefined) return
    await Promise.all(WRITERS.map((writer) => store.set(`a${writer}`, { KEY: `writer ${writer}` })))
    const answers = await store.getMany(WRITERS.map((writer) => ({ name: `a${writer}` })))
    for (const writer of WRITERS)
      assertSecret(answers[writer], { name: `a${writer}`, values: { KEY: `writer ${writer}` } })
  },

  async 'a secret that is read while it is written is one version or another, and never a mix'(open) {
    const store = asWritable(await open({ default: { a: { LEFT: 'start', RIGHT: 'start' } } }))
    if (store === undefined) return
    const byVersion = new Map<string, string | undefined>()
    let writing = true
    const read = async (): Promise<void> => {
      do {
        const [many] = await store.getMany([{ name: 'a' }])
        for (const secret of [await store.get('a'), many]) {
          assert.ok(secret, 'a secret that was only rewritten was not there')
          const { LEFT, RIGHT } = secret.values
          assert.ok(LEFT === RIGHT, 'a read gave keys of two versions')
          if (byVersion.has(secret.version)) {
            assert.ok(byVersion.get(secret.version) === LEFT, 'one version had two values')
          }
          byVersion.set(secret.version, LEFT)
        }
        // Writers get their turn also where a read takes no time.
        await new Promise((resolve) => setImmediate(resolve))
      } while (writing)
    }
    const write = async (): Promise<void> => {
      for (const writer of WRITERS) await store.set('a', { LEFT: `${writer}`, RIGHT: `${writer}` })
    }
    await Promise.all([write().finally(() => (writing = false)), read(), read(), read()])
  },

  async '100 reads at once each get their own answer'(open) {
    const values = (i: number): Record<string, string> => ({ KEY: `value ${i % 10}` })
    const store = await open({ default: record(WRITERS.slice(0, 10).map((i) => [`a${i}`, values(i)] as const)) })
    const reads = Array.from({ length: 100 }, (_, i) => store.get(`a${i % 12}`))
    for (const [i, secret] of (await Promise.all(reads)).entries()) {
      if (i % 12 < 10) assertSecret(secret, { name: `a${i % 12}`, values: values(i % 12) })
      else assert.equal(secret, undefined)
    }
  },
}
