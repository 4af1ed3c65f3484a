/** How secrets are called in AWS: `prefix/scope/name`. */
import { argumentError } from '../../errors.ts'
import { DEFAULT_SCOPE, isScope, isSecretName, quoteName } from '../../secret.ts'
import type { SecretAddress } from '../../secret.ts'

/** Every character of our names and scopes is one that AWS takes, but AWS takes no longer names than this. */
const LONGEST_NAME = 512
const LONGEST_SEGMENT = 64
const LONGEST_SECRET_NAME = 128

/** Gives how many segments a scope may have: as many as fit where all of its parts are as long as they may be. */
export function scopeSegments(prefix: string): number {
  return Math.floor((LONGEST_NAME - prefix.length - LONGEST_SECRET_NAME) / (LONGEST_SEGMENT + 1))
}

/**
 * Gives what the names of a scope's secrets begin with.
 *
 * @throws TypeError INVALID_NAME for a scope of more segments than there may be.
 */
export function folderOf(prefix: string, scope: string): string {
  const most = scopeSegments(prefix)
  if (scope.split('/').length <= most) return scope === DEFAULT_SCOPE ? prefix : `${prefix}${scope}/`
  throw argumentError(
    'INVALID_NAME',
    `${quoteName(scope)} is too long a scope for AWS, which takes names of ${LONGEST_NAME} characters: use up to ${most} segments.`,
  )
}

/** Gives the name of a secret in AWS. */
export function awsNameOf(prefix: string, { scope, secret }: SecretAddress): string {
  return `${folderOf(prefix, scope)}${secret}`
}

/** Tells which secret a name in AWS is; `undefined` for what is none of ours. */
export function placeOf(prefix: string, awsName: string): { scope: string; name: string } | undefined {
  if (!awsName.startsWith(prefix)) return undefined
  const path = awsName.slice(prefix.length)
  const slash = path.lastIndexOf('/')
  const scope = slash === -1 ? DEFAULT_SCOPE : path.slice(0, slash)
  const name = path.slice(slash + 1)
  // A folder `default` is not where scope `default` is.
  const isOurs =
    isSecretName(name) &&
    isScope(scope) &&
    scope.split('/').length <= scopeSegments(prefix) &&
    (slash === -1 || scope !== DEFAULT_SCOPE)
  return isOurs ? { scope, name } : undefined
}
