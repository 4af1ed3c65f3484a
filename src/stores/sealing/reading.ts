/** The reading verbs of a store that seals. */
import type { SecretInfo } from '../../secret.ts'
import type { ReadOptions, WritableSecretStore } from '../../store.ts'
import { infoAnswer, secretAnswer } from '../answer.ts'
import type { HeldSecret } from '../answer.ts'
import { NAMES } from '../names.ts'
import type { Named } from '../names.ts'
import { checkedList, checkedRead, checkedRequests } from '../request.ts'
import { untilAborted } from '../waiting.ts'
import type { SealedEngine } from './engine.ts'
import type { Opener } from './opening.ts'

/** The verbs that read. None uses `this`. */
export interface ReadingVerbs
  extends Required<Pick<WritableSecretStore, 'get' | 'getMany' | 'list' | 'scopes' | 'history'>>, Named {
  describe(name: string, options?: ReadOptions): Promise<SecretInfo | undefined>
}

/**
 * Makes the verbs that read.
 *
 * @param assertOpen - throws if the store is closed.
 */
export function readingVerbs(engine: SealedEngine, opener: Opener, assertOpen: () => void): ReadingVerbs {
  const versionsOf = async (
    verb: string,
    name: string,
    options: ReadOptions | undefined,
    older: boolean,
  ): Promise<readonly HeldSecret[]> => {
    assertOpen()
    const { scope, signal } = checkedRead(verb, name, options)
    const [found] = await untilAborted(opener.read([{ scope, name }], { older, signal }), signal)
    return found?.held ?? []
  }

  return {
    async describe(name, options) {
      const [live] = await versionsOf('describe', name, options, false)
      return live && infoAnswer(live)
    },

    async get(name, options) {
      const [live] = await versionsOf('get', name, options, false)
      return live && secretAnswer(live)
    },

    async getMany(requests, options) {
      assertOpen()
      const checked = checkedRequests(requests, options)
      const signal = options?.signal
      if (checked.length === 0) return []
      const found = await untilAborted(opener.read(checked, { older: false, signal }), signal)
      return checked.map(({ keys }, index) => {
        const live = found[index]?.held[0]
        return live && secretAnswer(live, keys)
      })
    },

    async *list(options) {
      assertOpen()
      const { scope, prefix } = checkedList(options)
      for await (const row of engine.list(scope, prefix, { older: false })) {
        assertOpen()
        const found = await opener.open({ scope, name: row.name }, row, { older: false })
        for (const live of found?.held ?? []) yield infoAnswer(live)
      }
    },

    async *[NAMES](scope) {
      for await (const { name } of engine.list(scope, '', { older: false })) yield name
    },

    async *scopes() {
      assertOpen()
      for await (const scope of engine.scopes()) {
        assertOpen()
        yield scope
      }
    },

    async history(name, options) {
      return (await versionsOf('history', name, options, true)).map(infoAnswer)
    },
  }
}
