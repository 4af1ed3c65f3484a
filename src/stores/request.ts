/** What a store is asked: the checks of names, scopes, options and versions that every store makes alike. */
import { argumentError, StoreError } from '../errors.ts'
import { assertKey, assertScope, assertSecretName, DEFAULT_SCOPE, isValue, quoteName } from '../secret.ts'
import type { SecretAddress } from '../secret.ts'
import type { ListOptions, ReadOptions, SecretRequest, SetOptions } from '../store.ts'

/**
 * Throws UNKNOWN_OPTION for an option that `what` does not have, INVALID_OPTION if `options` is no object, or a signal among them
 * no AbortSignal. Left out is fine.
 */
export function assertOptions(what: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return
  if (typeof options !== 'object' || options === null) {
    throw argumentError('INVALID_OPTION', `${what}: the options must be an object, e.g. { ${known[0] ?? ''}: … }.`)
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw argumentError('UNKNOWN_OPTION', `${what} has no option ${quoteName(unknown)}; it has ${known.join(', ')}.`)
  }
  if (!('signal' in options) || options.signal === undefined || options.signal instanceof AbortSignal) return
  throw argumentError('INVALID_OPTION', `${what}: signal must be an AbortSignal.`)
}

/** Checks a secret's name and the scope of `options`, which is `default` if left out, and gives the scope. */
export function checkedScope(name: string, options: { readonly scope?: string | undefined } | undefined): string {
  assertSecretName(name)
  return scopeOf(options)
}

/** Gives the scope of `options`, checked; `default` if left out. */
export function scopeOf(options: { readonly scope?: string | undefined } | undefined): string {
  const scope = options?.scope === undefined ? DEFAULT_SCOPE : options.scope
  assertScope(scope)
  return scope
}

/** Checks what `list` is asked, and fills in what was left out. */
export function checkedList(options: ListOptions | undefined): { readonly scope: string; readonly prefix: string } {
  assertOptions('list', options, ['scope', 'prefix'])
  const scope = scopeOf(options)
  const prefix: unknown = options?.prefix ?? ''
  if (typeof prefix === 'string') return { scope, prefix }
  throw argumentError('INVALID_OPTION', 'list: prefix must be a string.')
}

/** The options of `describe`, `get` and `history`, checked, with the scope filled in. */
export interface CheckedRead {
  readonly scope: string
  readonly signal?: AbortSignal
}

/** Checks what a verb is asked that reads one secret; throws the reason of a signal that is aborted. */
export function checkedRead(verb: string, name: string, options: ReadOptions | undefined): CheckedRead {
  assertOptions(verb, options, ['scope', 'signal'])
  const scope = checkedScope(name, options)
  const signal = options?.signal
  signal?.throwIfAborted()
  return signal === undefined ? { scope } : { scope, signal }
}

/** One request of `getMany`, checked. */
export interface CheckedRequest {
  readonly name: string
  readonly scope: string
  readonly keys: readonly string[] | undefined
}

/**
 * Checks what `getMany` is asked, all of it before any is answered; throws the reason of a signal that is aborted.
 *
 * @returns the requests.
 */
export function checkedRequests(
  requests: readonly SecretRequest[],
  options: { readonly signal?: AbortSignal | undefined } | undefined,
): CheckedRequest[] {
  assertOptions('getMany', options, ['signal'])
  const given: unknown = requests
  if (!Array.isArray(given)) throw argumentError('INVALID_OPTION', 'getMany: the requests must be an array.')
  const checked = requests.map((request) => {
    assertOptions('A request of getMany', request, ['name', 'keys', 'scope'])
    const { name, keys } = request
    const scope = checkedScope(name, request)
    const asked: unknown = keys
    if (asked !== undefined && !Array.isArray(asked)) {
      throw argumentError('INVALID_OPTION', 'A request of getMany: keys must be an array.')
    }
    keys?.forEach(assertKey)
    return { name, scope, keys: keys && [...keys] }
  })
  options?.signal?.throwIfAborted()
  return checked
}

/** Throws INVALID_OPTION unless `listener` is a function. */
export function assertListener(listener: unknown): void {
  if (typeof listener !== 'function') throw argumentError('INVALID_OPTION', 'watch: the listener must be a function.')
}

/** Checks what `watch` is asked, and gives the scope. */
export function checkedWatch(listener: unknown, options: { readonly scope?: string | undefined } | undefined): string {
  assertOptions('watch', options, ['scope'])
  assertListener(listener)
  return scopeOf(options)
}

/** What `set` is asked, but for the values, checked, with what was left out filled in. */
export interface CheckedSet {
  readonly address: SecretAddress
  readonly ifVersion: string | null | undefined
  readonly mode: 'replace' | 'merge'
  readonly description: string | undefined
}

/** Checks what `set` of a store is asked, but for the values. */
export function checkedSet(store: string, name: string, options: SetOptions | undefined): CheckedSet {
  assertOptions('set', options, ['scope', 'ifVersion', 'mode', 'description'])
  const address = { store, scope: checkedScope(name, options), secret: name }
  const mode: unknown = options?.mode ?? 'replace'
  if (mode !== 'replace' && mode !== 'merge') {
    throw argumentError('INVALID_OPTION', "set: mode must be 'replace' or 'merge'.")
  }
  const { description } = options ?? {}
  if (description !== undefined && !isValue(description)) {
    throw new StoreError(
      'INVALID',
      `Secret ${name} (scope ${address.scope}): the description must be a well-formed string without NUL characters.`,
      address,
    )
  }
  const ifVersion = options?.ifVersion === null ? null : checkedVersion('set', options?.ifVersion)
  return { address, ifVersion, mode, description }
}

/** Gives `ifVersion` if it is a string or left out, else throws INVALID_OPTION. */
export function checkedVersion(verb: string, ifVersion: unknown): string | undefined {
  if (ifVersion === undefined || typeof ifVersion === 'string') return ifVersion
  throw argumentError('INVALID_OPTION', `${verb}: ifVersion must be a version that the store gave.`)
}

/**
 * Throws CONFLICT unless `live` is the version that `ifVersion` asks for.
 *
 * @param live - the version now; left out where the secret does not exist.
 * @param ifVersion - `null`: the secret must not exist; left out: anything goes.
 */
export function assertVersion(
  live: string | undefined,
  ifVersion: string | null | undefined,
  address: SecretAddress,
): void {
  if (ifVersion === undefined || (ifVersion ?? undefined) === live) return
  const found = live === undefined ? 'does not exist' : ifVersion === null ? 'exists already' : 'has another version'
  throw new StoreError('CONFLICT', `Secret ${address.secret} (scope ${address.scope}) ${found}.`, {
    ...address,
    hint: 'Read it again, and decide again.',
  })
}

/** Makes the error of a rollback to a version that is not kept. */
export function unknownVersion(address: SecretAddress): StoreError {
  const message = `Secret ${address.secret} (scope ${address.scope}) has no such version, or it is no longer kept.`
  return new StoreError('INVALID', message, { ...address, hint: 'history() lists the versions that are kept.' })
}

/** Makes the error of a store that was used after `close()`. */
export function closedError(store: string): StoreError {
  return new StoreError('CLOSED', `The ${store} store is closed.`, {
    store,
    hint: 'Close a store after the last thing that uses it.',
  })
}
