/** How secrets are called in AWS: `prefix/scope/name`. */
import { StoreError } from '../../errors.ts'
import { DEFAULT_SCOPE, isScope, isSecretName } from '../../secret.ts'
import type { SecretAddress } from '../../secret.ts'
import { STORE } from './failure.ts'
import type { Subject } from './failure.ts'

/** Every character of our names and scopes is one that AWS takes, but AWS takes no longer names than this. */
const LONGEST_NAME = 512
const LONGEST_SEGMENT = 64
const LONGEST_SECRET_NAME = 128

/** Gives how many segments a scope may have, so that it fits also where all of its parts are as long as they may be. */
export function scopeSegments(prefix: string): number {
  return Math.floor((LONGEST_NAME - prefix.length - LONGEST_SECRET_NAME) / (LONGEST_SEGMENT + 1))
}

/**
 * Gives what the names of a scope's secrets begin with.
 *
 * @throws StoreError INVALID if no name can follow.
 */
export function folderOf(prefix: string, scope: string): string {
  const folder = scope === DEFAULT_SCOPE ? prefix : `${prefix}${scope}/`
  if (folder.length < LONGEST_NAME) return folder
  throw tooLong(`Scope ${scope}`, { store: STORE, scope })
}

/**
 * Gives the name of a secret in AWS.
 *
 * @throws StoreError INVALID if it is longer than AWS takes.
 */
export function awsNameOf(prefix: string, address: SecretAddress): string {
  const name = `${folderOf(prefix, address.scope)}${address.secret}`
  if (name.length <= LONGEST_NAME) return name
  throw tooLong(`Secret ${address.secret} (scope ${address.scope})`, address)
}

function tooLong(what: string, subject: Subject): StoreError {
  const message = `${what}: with the prefix, the name is longer than the ${LONGEST_NAME} characters that AWS takes.`
  return new StoreError('INVALID', message, { ...subject, hint: 'Use shorter scopes.' })
}

/** Tells which secret a name in AWS is; `undefined` for what is none of ours. */
export function placeOf(prefix: string, awsName: string): { scope: string; name: string } | undefined {
  if (!awsName.startsWith(prefix)) return undefined
  const path = awsName.slice(prefix.length)
  const slash = path.lastIndexOf('/')
  const scope = slash === -1 ? DEFAULT_SCOPE : path.slice(0, slash)
  const name = path.slice(slash + 1)
  // A folder `default` is not where scope `default` is.
  const isOurs = isSecretName(name) && isScope(scope) && (slash === -1 || scope !== DEFAULT_SCOPE)
  return isOurs ? { scope, name } : undefined
}
