/** Which runtimes start children: what keeps a child to its secrets is Node's, and no other runtime has all of it. */
import { RegistrationError } from '../errors.ts'

const OTHERS: Readonly<Record<string, string>> = { bun: 'Bun', deno: 'Deno' }

/**
 * Refuses, before a secret is read, to start children where they would not be what they are under Node.
 *
 * @throws RegistrationError UNSUPPORTED under Bun and Deno, which say in `versions` who they are.
 */
export function assertStartsChildren(versions: NodeJS.ProcessVersions = process.versions): void {
  const other = Object.keys(OTHERS).find((name) => versions[name] !== undefined)
  if (other === undefined) return
  const host = `${OTHERS[other] ?? ''} ${versions[other] ?? ''}`
  throw new RegistrationError('UNSUPPORTED', `Calls in child processes need Node, and this is ${host}.`, {
    hint: "Run the service with node. In tests, isolation: 'inline' runs functions in this process.",
  })
}
