/** `dir:PATH`. */
import { directoryStore } from '../../stores/directory.ts'
import { usageError } from '../failure.ts'
import type { Opener } from './address.ts'

/** Opens a directory that others fill, such as `dir:/etc/secrets?layout=files&trim=true`. */
// eslint-disable-next-line @typescript-eslint/require-await -- an opener may have to wait
export const openDirectory: Opener = async ({ path, host, settings }) => {
  const { layout, trim } = settings('layout', 'trim')
  if (path === '' || host !== '') throw usageError('dir: needs a path after it, e.g. dir:/etc/secrets.')
  if (trim !== undefined && trim !== 'true' && trim !== 'false') throw usageError('The setting trim is true or false.')
  const store = directoryStore({ path, layout: layout as 'files' | undefined, trimNewline: trim === 'true' })
  return { store, close: () => store.close() }
}
