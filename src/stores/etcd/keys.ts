/** Where things are in etcd: the keys of a store, and ranges of them. */
import { isScope, isSecretName } from '../../secret.ts'
import type { Place } from '../sealing/engine.ts'

/** The keys of a store. */
export interface Keys {
  readonly keyring: string
  /** What the keys of all secrets begin with. */
  readonly secrets: string
}

/** Keys from `key` up to, and without, `end`. */
export interface Range {
  readonly key: string
  readonly end: string
}

/** Sorts before every character of a scope, so that keys are sorted by scope, then by name. */
const BETWEEN = ','

/** Gives the keys of the store with this prefix. */
export function keysOf(prefix: string): Keys {
  return { keyring: `${prefix}keyring`, secrets: `${prefix}secrets/` }
}

/** Gives the key of a secret. */
export function keyOf({ secrets }: Keys, { scope, name }: Place): string {
  return `${secrets}${scope}${BETWEEN}${name}`
}

/** Gives the place that a key stands for; `undefined` if somebody else has put something there. */
export function placeOf({ secrets }: Keys, key: string): Place | undefined {
  if (!key.startsWith(secrets)) return undefined
  const [scope, name, ...more] = key.slice(secrets.length).split(BETWEEN)
  return more.length === 0 && isScope(scope) && isSecretName(name) ? { scope, name } : undefined
}

/** Gives the range of the secrets of a scope whose names begin with `start`, which is ASCII. */
export function rangeOf(keys: Keys, scope: string, start: string): Range {
  return startingWith(`${keys.secrets}${scope}${BETWEEN}${start}`)
}

/** Gives the range of all keys that begin with this one, which is ASCII and not empty. */
export function startingWith(key: string): Range {
  const last = key.length - 1
  return { key, end: `${key.slice(0, last)}${String.fromCharCode(key.charCodeAt(last) + 1)}` }
}

/** Gives the first key after one. */
export function after(key: string): string {
  return `${key}\0`
}
