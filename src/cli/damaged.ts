/** Secrets that are there and cannot be read. */
import { isLatchkeyError } from '../errors.ts'
import type { LatchkeyError } from '../errors.ts'
import type { SecretInfo } from '../secret.ts'
import type { SecretStore } from '../store.ts'

/** Tells whether what failed is one secret alone, and will fail again: the others can be asked for. */
export function isOfOneSecret(error: unknown): error is LatchkeyError {
  return isLatchkeyError(error) && !error.retryable && 'secret' in error
}

/**
 * Describes a secret that is to be removed or written anew, for which it need not open.
 *
 * @returns `undefined` if it is not there, `'damaged'` if what is there does not open or fit.
 */
export async function describeAnyhow(
  store: SecretStore,
  name: string,
  scope: string,
): Promise<SecretInfo | 'damaged' | undefined> {
  try {
    return await store.describe(name, { scope })
  } catch (error) {
    if (isOfOneSecret(error) && ['CORRUPT', 'INVALID', 'TOO_LARGE'].includes(String(error.code))) return 'damaged'
    throw error
  }
}
