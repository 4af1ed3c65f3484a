/** The reading verbs of a store that seals. */
import type { Secret, SecretInfo } from '../../secret.ts'
import type { ListOptions, ReadOptions, SecretRequest } from '../../store.ts'
import { infoAnswer, secretAnswer } from '../answer.ts'
import type { HeldSecret } from '../answer.ts'
import { assertOptions, checkedPrefix, checkedRequests, checkedScope, scopeOf } from '../request.ts'
import { untilAborted } from '../waiting.ts'
import type { SealedEngine } from './engine.ts'
import type { Opener } from './opening.ts'

/** The verbs that read. None uses `this`. */
export interface ReadingVerbs {
  describe(name: string, options?: ReadOptions): Promise<SecretInfo | undefined>
  get(name: string, options?: ReadOptions): Promise<Secret | undefined>
  getMany(
    requests: readonly SecretRequest[],
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<(Secret | undefined)[]>
  list(options?: ListOptions): AsyncIterable<SecretInfo>
  scopes(): AsyncIterable<string>
  history(name: string, options?: ReadOptions): Promise<SecretInfo[]>
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
    assertOptions(verb, options, ['scope', 'signal'])
    const scope = checkedScope(name, options)
    const signal = options?.signal
    signal?.throwIfAborted()
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
      assertOptions('getMany', options, ['signal'])
      const checked = checkedRequests(requests)
      const signal = options?.signal
      signal?.throwIfAborted()
      if (checked.length === 0) return []
      const found = await untilAborted(opener.read(checked, { older: false, signal }), signal)
      return checked.map(({ keys }, index) => {
        const live = found[index]?.held[0]
        return live && secretAnswer(live, keys)
      })
    },

    async *list(options) {
      assertOpen()
      assertOptions('list', options, ['scope', 'prefix'])
      const scope = scopeOf(options)
      for await (const row of engine.list(scope, checkedPrefix(options), { older: false })) {
        assertOpen()
        const found = await opener.open({ scope, name: row.name }, row, { older: false })
        if (found !== undefined) yield infoAnswer(found.held[0])
      }
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
