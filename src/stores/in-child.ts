/** What every store is inside a child: something that modules can construct, and that nobody can read secrets from. */
import { StoreError } from '../errors.ts'
import type { WritableSecretStore } from '../store.ts'

/** Makes a store that fails with STORE_IN_CHILD whatever it is asked. */
export function storeInChild(name: string): WritableSecretStore {
  const refuse = (): never => {
    // What to do is in the message: a hint does not reach the caller of the function, which fails with a CallError.
    throw new StoreError(
      'STORE_IN_CHILD',
      `Store ${name} cannot be used inside a child process: declare the secret in register({ secrets: […] }), and read its keys from process.env.`,
      { store: name },
    )
  }
  // eslint-disable-next-line @typescript-eslint/require-await -- a refusal is a rejection
  const reject = async (): Promise<never> => refuse()
  return {
    name,
    capabilities: Object.freeze({
      write: false,
      cas: false,
      history: false,
      watch: false,
      list: false,
      syncDescribe: true,
    }),
    describe: refuse,
    get: reject,
    getMany: reject,
    list: () => ({ [Symbol.asyncIterator]: () => ({ next: reject }) }),
    set: reject,
    delete: reject,
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
