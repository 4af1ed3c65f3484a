/** `env:`. */
import { envStore } from '../../stores/env.ts'
import { usageError } from '../failure.ts'
import type { Opener } from './address.ts'

/** Opens a store of the environment variables `LATCHKEY_SECRET__…` and `LATCHKEY_SECRETS`. */
// eslint-disable-next-line @typescript-eslint/require-await -- an opener may have to wait
export const openEnv: Opener = async ({ path, host, settings }) => {
  settings()
  if (path !== '' || host !== '') throw usageError('env: takes nothing after it.')
  const store = envStore()
  return { store, close: () => store.close() }
}
