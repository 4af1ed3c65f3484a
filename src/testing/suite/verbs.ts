/** Every verb that a store has, to be called with arguments of which one is wrong. */
import type { SecretStore } from '../../store.ts'
import { asWritable, collect, describeTiming, withHistory, withWatch } from './checks.ts'

/** How one verb is called, and when it throws. */
export interface VerbCall {
  readonly verb: string
  readonly call: () => unknown
  readonly timing: 'rejects' | 'throws' | 'any'
}

/** The verbs that take a secret's name, called with it and with `options`, which for `getMany` go into the request. */
export function namedVerbs(store: SecretStore, name: string, options: { readonly scope?: string } = {}): VerbCall[] {
  const writable = asWritable(store)
  const versioned = withHistory(store)
  const calls: VerbCall[] = [
    { verb: 'describe', call: () => store.describe(name, options), timing: describeTiming(store) },
    { verb: 'get', call: () => store.get(name, options), timing: 'rejects' },
    { verb: 'getMany', call: () => store.getMany([{ name, ...options }]), timing: 'rejects' },
  ]
  if (writable) {
    calls.push({ verb: 'set', call: () => writable.set(name, { KEY: 'x' }, options), timing: 'rejects' })
    calls.push({ verb: 'delete', call: () => writable.delete(name, options), timing: 'rejects' })
  }
  if (versioned) {
    calls.push({ verb: 'history', call: () => versioned.history(name, options), timing: 'rejects' })
    calls.push({ verb: 'rollback', call: () => versioned.rollback(name, 'none', options), timing: 'rejects' })
  }
  return calls
}

/** All verbs that take a signal. */
export function verbsWithSignal(store: SecretStore, options: { readonly signal?: AbortSignal }): VerbCall[] {
  const versioned = withHistory(store)
  const calls: VerbCall[] = [
    { verb: 'describe', call: () => store.describe('a', options), timing: describeTiming(store) },
    { verb: 'get', call: () => store.get('a', options), timing: 'rejects' },
    { verb: 'getMany', call: () => store.getMany([{ name: 'a' }], options), timing: 'rejects' },
  ]
  if (versioned) calls.push({ verb: 'history', call: () => versioned.history('a', options), timing: 'rejects' })
  return calls
}

/** All verbs that take `options`. */
export function verbsWithOptions(store: SecretStore, options: { readonly scope?: string }): VerbCall[] {
  const watched = withWatch(store)
  const calls = namedVerbs(store, 'a', options)
  if (store.capabilities.list) calls.push({ verb: 'list', call: () => collect(store.list(options)), timing: 'rejects' })
  if (watched) calls.push({ verb: 'watch', call: () => watched.watch(() => undefined, options), timing: 'rejects' })
  return calls
}
