/** What holds of a secret whose older version is damaged, in every store that seals. */
import { expect } from 'vitest'
import type { SealingStore } from '../../src/stores/sealing/open.ts'
import { failureOf } from './store-folder.ts'

/** The ways to be rid of a damaged version that its error names. */
const MENDS: readonly ((store: SealingStore, values: Record<string, string>) => Promise<unknown>)[] = [
  async (store, values) => store.set('a', values),
  async (store, values) => {
    await store.delete('a')
    await store.set('a', values)
  },
]

/**
 * Has the older one of two versions of secret `a` damaged, and mends it in each way that the error names.
 *
 * @param store - keeps one older version. Holds no secret `a`.
 * @param damage - damages the older version of `a`.
 * @param named - whether its number can still be told.
 */
export async function mendsAnOlderVersion(store: SealingStore, damage: () => unknown, named = true): Promise<void> {
  for (const mend of MENDS) {
    const { version } = await store.set('a', { K: 'of before' })
    await store.set('a', { K: 'of now' })
    await damage()
    for (const act of [() => store.history('a'), () => store.rollback('a', version), () => store.rotateKey()]) {
      const error = await failureOf(act)
      expect(error).toMatchObject({ code: 'CORRUPT', store: store.name, secret: 'a', scope: 'default' })
      const which = named ? `, ${version},` : ''
      expect(error.message).toBe(`An older version of secret a (scope default)${which} does not open.`)
    }
    const { values = {} } = (await store.get('a')) ?? {}
    expect({ ...values }).toEqual({ K: 'of now' })
    await mend(store, values)
    await store.rotateKey()
    const oldest = (await store.history('a')).at(-1)
    await store.rollback('a', String(oldest?.version))
    expect((await store.get('a'))?.values['K']).toBe('of now')
    await store.delete('a')
  }
}
