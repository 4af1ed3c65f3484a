/** Names that are no keys, which others have put into a secret: what has no place for them tells that it left them out. */
import type { SecretInfo } from '../secret.ts'
import { CliError, oneLine } from './failure.ts'
import { shownSecret } from './names.ts'

/**
 * Makes the error that tells what was left out: whoever makes a copy should not take it for all of it.
 *
 * @param done - what was not done with these names, e.g. `exported`.
 */
export function leftOutOf(secrets: readonly SecretInfo[], done: string): CliError {
  const lines = secrets.map(
    ({ name, scope, skipped = [] }) => `${shownSecret(name, scope)}: ${skipped.map(oneLine).join(', ')}`,
  )
  return new CliError(
    'INCOMPLETE',
    [`Names that are no keys were not ${done}.`, ...lines].join('\n'),
    'Copy them with what keeps them, e.g. kubectl get secret, vault kv get or aws secretsmanager get-secret-value.',
  )
}
