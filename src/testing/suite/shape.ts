import assert from 'node:assert/strict'
import type { Cases } from './case.ts'

const FLAGS = ['write', 'cas', 'history', 'watch', 'list', 'syncDescribe'] as const
/** The verbs that are there if, and only if, the capability is declared. */
const VERBS = { write: ['set', 'delete'], history: ['history', 'rollback'], watch: ['watch'] } as const

export const shapeCases: Cases = {
  async 'the store has a plain word for a name, and declares each capability as true or false'(open) {
    const { name, capabilities } = await open()
    assert.match(name, /^[a-z][a-z0-9_-]{0,63}$/i, 'the name is not a plain word')
    for (const flag of FLAGS)
      assert.equal(typeof capabilities[flag], 'boolean', `the capability ${flag} is not declared`)
    const { maxBytes = 1 } = capabilities
    assert.ok(Number.isSafeInteger(maxBytes) && maxBytes > 0 && maxBytes < 1024 * 1024, 'maxBytes is no limit')
    assert.ok(
      capabilities.write || !(capabilities.cas || capabilities.history),
      'only what can be written has versions',
    )
  },

  async 'the store has the verbs that it declares, and no others'(open) {
    const store = await open()
    for (const verb of ['describe', 'get', 'getMany', 'list', 'close', Symbol.asyncDispose]) {
      assert.equal(typeof Reflect.get(store, verb), 'function', `${String(verb)} is missing`)
    }
    for (const flag of ['write', 'history', 'watch'] as const) {
      for (const verb of VERBS[flag]) {
        const expected = store.capabilities[flag] ? 'function' : 'undefined'
        assert.equal(
          typeof Reflect.get(store, verb),
          expected,
          `${flag} is ${String(store.capabilities[flag])}: ${verb}`,
        )
      }
    }
  },

  async 'the store is not frozen, so that it can be wrapped'(open) {
    assert.ok(!Object.isFrozen(await open()))
  },
}
