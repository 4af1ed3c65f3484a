/** The verbs of a view that change something. */
import type { WritableSecretStore } from '../../store.ts'
import { assertOptions, checkedScope } from '../request.ts'
import type { Part } from './part.ts'

/** The verbs that a store has if it can be written. */
export type WritingVerbs = Pick<WritableSecretStore, 'set' | 'delete' | 'history' | 'rollback'>

/** Makes them for a part of a store; `history` and `rollback` if the store has them. */
export function writingVerbs(store: WritableSecretStore, part: Part, assertOpen: () => void): WritingVerbs {
  const { history, rollback } = store
  return {
    async set(name, values, options) {
      assertOpen()
      assertOptions('set', options, ['scope', 'ifVersion', 'mode', 'description'])
      const scope = checkedScope(name, options)
      const inner = part.inner(scope)
      return part.ask(async () => part.answer(name, scope, await store.set(name, values, { ...options, scope: inner })))
    },

    async delete(name, options) {
      assertOpen()
      assertOptions('delete', options, ['scope', 'ifVersion'])
      const inner = part.inner(checkedScope(name, options))
      return part.ask(() => store.delete(name, { ...options, scope: inner }))
    },

    ...(store.capabilities.history &&
      history !== undefined &&
      rollback !== undefined && {
        async history(name, options) {
          assertOpen()
          assertOptions('history', options, ['scope', 'signal'])
          const scope = checkedScope(name, options)
          const inner = part.inner(scope)
          return part.ask(async () => {
            const versions = await history.call(store, name, { ...options, scope: inner })
            return versions.map((info) => part.answer(name, scope, info))
          })
        },

        async rollback(name, version, options) {
          assertOpen()
          assertOptions('rollback', options, ['scope'])
          const scope = checkedScope(name, options)
          const inner = part.inner(scope)
          return part.ask(async () => {
            return part.answer(name, scope, await rollback.call(store, name, version, { scope: inner }))
          })
        },
      }),
  }
}
