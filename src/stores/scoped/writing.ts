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
      const scope = part.inner(checkedScope(name, options))
      return part.ask(async () => part.answer(name, scope, await store.set(name, values, { ...options, scope })))
    },

    async delete(name, options) {
      assertOpen()
      assertOptions('delete', options, ['scope', 'ifVersion'])
      const scope = part.inner(checkedScope(name, options))
      return part.ask(() => store.delete(name, { ...options, scope }))
    },

    ...(store.capabilities.history &&
      history !== undefined &&
      rollback !== undefined && {
        async history(name, options) {
          assertOpen()
          assertOptions('history', options, ['scope', 'signal'])
          const scope = part.inner(checkedScope(name, options))
          return part.ask(async () => {
            const versions = await history.call(store, name, { ...options, scope })
            return versions.map((info) => part.answer(name, scope, info))
          })
        },

        async rollback(name, version, options) {
          assertOpen()
          assertOptions('rollback', options, ['scope'])
          const scope = part.inner(checkedScope(name, options))
          return part.ask(async () => part.answer(name, scope, await rollback.call(store, name, version, { scope })))
        },
      }),
  }
}
