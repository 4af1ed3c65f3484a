/** Where the child's entry is: found by the package's own name, so that a bundled library still finds the file. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { RegistrationError } from '../errors.ts'

/**
 * Finds the file that children start with.
 *
 * @throws RegistrationError BUNDLED if the package was put into a bundle and is not installed beside it.
 */
export function workerEntryPath(): string {
  let path: string | undefined
  try {
    path = fileURLToPath(import.meta.resolve('latchkey/worker-entry'))
  } catch {
    // Not resolvable: whatever Node says of it, the advice below is the way out.
  }
  if (path !== undefined && existsSync(path)) return path
  throw new RegistrationError('BUNDLED', 'latchkey cannot find its worker entry: it seems to have been bundled.', {
    hint: "Keep latchkey external in your bundler (external: ['latchkey']) and install it beside the bundle.",
  })
}
