/** Writing again after somebody else has written first. */
import { StoreError } from '../../errors.ts'
import type { Place } from './engine.ts'

/** Each attempt that fails means that somebody else has written: so many in a row mean that something else is wrong. */
export const ATTEMPTS = 1_000

/** Makes the error for when all of them failed. */
export function tooBusy(store: string, { scope, name }: Place): StoreError {
  return new StoreError('UNAVAILABLE', `Secret ${name} (scope ${scope}) is being written by too many others.`, {
    store,
    scope,
    secret: name,
  })
}
