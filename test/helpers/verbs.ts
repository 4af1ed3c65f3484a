/** Each verb of a store, called on a store that holds secret `a` and no `b`. */
import type { WritableSecretStore } from '../../src/store.ts'
import { collect } from '../../src/testing/suite/checks.ts'

type Calls = Readonly<Record<string, () => Promise<unknown>>>

/** Makes the calls. `store` is asked for at each; `value` is what secrets hold. */
export function verbsOf(store: () => Required<WritableSecretStore>, value: string): { reads: Calls; writes: Calls } {
  return {
    reads: {
      get: () => store().get('a'),
      describe: async () => store().describe('a'),
      getMany: () => store().getMany([{ name: 'a' }, { name: 'b' }]),
      list: () => collect(store().list()),
      scopes: () => collect(store().scopes()),
      history: () => store().history('a'),
      watch: () => store().watch(() => undefined),
    },
    writes: {
      set: () => store().set('a', { KEY: value }),
      merge: () => store().set('a', { KEY: value }, { mode: 'merge' }),
      create: () => store().set('b', { KEY: value }, { ifVersion: null }),
      delete: () => store().delete('a'),
    },
  }
}
