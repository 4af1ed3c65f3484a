/** A view of another store that shows the scopes under one segment. */
import type { SecretInfo } from '../secret.ts'
import type { Capabilities, SecretStore, StoreChange, WritableSecretStore } from '../store.ts'
import { assertStore, checkedAnswers, writableStore } from './inner.ts'
import { assertOptions, checkedRead, checkedRequests, checkedWatch, closedError, scopeOf } from './request.ts'
import { partOf } from './scoped/part.ts'
import { writingVerbs } from './scoped/writing.ts'
import { isLater, settled } from './waiting.ts'

const NAME = 'scoped'

/**
 * Makes a view of a store that shows the scopes under one segment, such as one tenant's: scope `default` of the view is
 * scope `acme` of the store, scope `production` is `acme/production`. Nothing else of the store can be reached through it.
 *
 * The view can do what the store can. Closing it ends the view and its watches, not the store, which other views show, too.
 *
 * @param store - the store that holds the secrets.
 * @param segment - one segment of a scope, e.g. `acme`; not `default`. For a deeper one, make a view of a view.
 * @throws TypeError INVALID_NAME if `segment` is no such segment, INVALID_OPTION if `store` is no store or its scopes are not
 * deep enough.
 * @example
 * ```ts
 * const store = memoryStore()
 * const acme = scopedStore(store, 'acme')
 * await acme.set('my_github_secret', { GH_ACCESS_TOKEN: 'from acme' }, { scope: 'production' })
 * const secret = await store.get('my_github_secret', { scope: 'acme/production' })
 * ```
 */
export function scopedStore(store: WritableSecretStore, segment: string): WritableSecretStore
export function scopedStore(store: SecretStore, segment: string): SecretStore
export function scopedStore(store: SecretStore, segment: string): SecretStore {
  assertStore('scopedStore', store)
  const part = partOf(segment, store)
  const watches = new Set<() => Promise<void>>()
  const writable = writableStore(store)
  const { scopes } = store
  let closing: Promise<void> | undefined

  const assertOpen = (): void => {
    if (closing !== undefined) throw closedError(NAME)
  }

  const view: SecretStore = {
    name: NAME,
    capabilities: capabilitiesOf(store, part.maxScopeSegments),

    describe(name, options) {
      assertOpen()
      const { scope, ...rest } = checkedRead('describe', name, options)
      const inner = part.inner(scope)
      const told = (info: SecretInfo | undefined): SecretInfo | undefined => info && part.answer(name, scope, info)
      try {
        const answer = store.describe(name, { ...rest, scope: inner })
        return isLater(answer) ? part.ask(async () => told(await answer)) : told(answer)
      } catch (error) {
        throw part.failure(error)
      }
    },

    async get(name, options) {
      assertOpen()
      const { scope, signal } = checkedRead('get', name, options)
      const inner = part.inner(scope)
      // Not by way of `ask`: a function more to wait for would be most of what a view costs.
      try {
        const secret = await store.get(name, signal === undefined ? { scope: inner } : { scope: inner, signal })
        return secret && part.answer(name, scope, secret)
      } catch (error) {
        throw part.failure(error)
      }
    },

    async getMany(requests, options) {
      assertOpen()
      const asked = checkedRequests(requests, options)
      const inner = asked.map((request) => ({ ...request, scope: part.inner(request.scope) }))
      return part.ask(async () => {
        const answers = checkedAnswers(store, inner, await store.getMany(inner, options))
        return asked.map(({ name, scope }, index) => {
          const secret = answers[index]
          return secret && part.answer(name, scope, secret)
        })
      })
    },

    async *list(options) {
      assertOpen()
      assertOptions('list', options, ['scope', 'prefix'])
      const scope = scopeOf(options)
      const inner = part.inner(scope)
      for await (const info of part.each(() => store.list({ ...options, scope: inner }))) {
        assertOpen()
        yield part.answer(info.name, scope, info)
      }
    },

    ...(scopes !== undefined && {
      async *scopes() {
        assertOpen()
        for await (const inner of part.each(() => scopes.call(store))) {
          assertOpen()
          const scope = part.outer(inner)
          if (scope !== undefined) yield scope
        }
      },
    }),

    ...(store.capabilities.watch &&
      store.watch !== undefined && {
        async watch(listener, options) {
          assertOpen()
          const scope = checkedWatch(listener, options)
          const inner = part.inner(scope)
          const hear = (change: StoreChange): void => {
            if (closing === undefined && change.scope === inner) listener(Object.freeze({ ...change, scope }))
          }
          const watch = await part.ask(async () => store.watch?.(hear, { scope: inner }))
          const end = async (): Promise<void> => {
            watches.delete(end)
            await watch?.[Symbol.asyncDispose]()
          }
          watches.add(end)
          if (closing !== undefined) await end()
          assertOpen()
          return { [Symbol.asyncDispose]: end }
        },
      }),

    ...(writable !== undefined && writingVerbs(writable, part, assertOpen)),

    close() {
      closing ??= settled([...watches].map((end) => end()))
      return closing
    },

    [Symbol.asyncDispose]: () => view.close(),
  }
  return view
}

function capabilitiesOf(store: SecretStore, maxScopeSegments: number): Capabilities {
  return Object.freeze({
    ...store.capabilities,
    maxScopeSegments,
    // Asked each time: a store that has to be opened first can describe at once only then.
    get syncDescribe() {
      return store.capabilities.syncDescribe
    },
  })
}
