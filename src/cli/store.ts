/** Opens the store that the options name, and says what to do where the key is not there. */
import { existsSync } from 'node:fs'
import { isLatchkeyError, StoreError } from '../errors.ts'
import { isScope } from '../secret.ts'
import type { FileStore } from '../stores/file.ts'
import type { Input } from './command.ts'
import { usageError } from './failure.ts'

/** Gives the scope of the options, `undefined` if they name none. */
export function scopeOf(input: Input): string | undefined {
  const scope = input.text('scope')
  if (scope === undefined || isScope(scope)) return scope
  throw usageError(
    'What follows --scope is not a scope.',
    'A scope is 1 to 8 segments of letters, digits, _ . or -, joined by /, e.g. acme/production.',
  )
}

/** Uses the store that the options name, and closes it. */
export async function withStore<T>(input: Input, use: (store: FileStore) => Promise<T>): Promise<T> {
  // The ciphers come with it: help and mistakes need not wait for them.
  const { fileStore } = await import('../stores/file.ts')
  const store = fileStore({ path: input.text('file'), keyFile: input.text('key-file') })
  try {
    return await use(store)
  } catch (error) {
    throw isLatchkeyError(error, 'KEY_MISSING') ? keyMissing(error, store.path) : error
  } finally {
    await store.close()
  }
}

function keyMissing(error: Error, path: string): StoreError {
  const hint = existsSync(path)
    ? `Bring this store's key back from where you keep a copy: as ${path}.key (chmod 600), in LATCHKEY_KEY, or with --key-file. A new key does not open it.`
    : 'latchkey init makes a store and its key.'
  return new StoreError('KEY_MISSING', error.message, { store: 'file', hint })
}
