/** What every store is inside a child: something that modules can construct, and that nobody can read secrets from. */
import { StoreError } from '../errors.ts'
import type { WritableSecretStore } from '../store.ts'

/** Makes a store that fails with STORE_IN_CHILD whatever it is asked. */
export function storeInChild(name: string): WritableSecretStore {
  const refuse = (): never => {
    throw new StoreError('STORE_IN_CHILD', `Store ${name} cannot be used inside a child process.`, {
      store: name,
      hint: 'Declare the secret in register({ secrets: […] }) and read its keys from process.env.',
    })
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
