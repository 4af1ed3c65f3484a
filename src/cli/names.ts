/** Checks the names, keys and scopes of a command line. None that is wrong is repeated: it may be a value in the wrong place. */
import { DEFAULT_SCOPE, isKey, isScope, isSecretName } from '../secret.ts'
import type { Input } from './command.ts'
import { CliError, usageError } from './failure.ts'
import { EXIT } from './exit-codes.ts'

/** Gives a secret's name, checked. */
export function nameOf(text: string | undefined): string {
  if (isSecretName(text)) return text
  if (hasEquals(text)) throw valueInArguments()
  throw usageError('NAME is not a name.', 'A name is a letter or _, then up to 127 letters, digits, _ or -.')
}

/** Gives a key, checked. */
export function keyOf(text: string | undefined): string {
  if (isKey(text)) return text
  if (hasEquals(text)) throw valueInArguments()
  throw usageError(
    'KEY is not a key.',
    'A key is the name of an environment variable: a letter or _, then letters, digits or _.',
  )
}

/** Gives the scope of the options; `default` if they name none. */
export function scopeOf(input: Input): string {
  const scope = input.text('scope') ?? DEFAULT_SCOPE
  if (isScope(scope)) return scope
  throw usageError(
    'What follows --scope is not a scope.',
    'A scope is 1 to 8 segments of letters, digits, _ . or -, joined by /, e.g. acme/production.',
  )
}

/** Says how a secret is named in messages. */
export function shownSecret(name: string, scope: string): string {
  return scope === DEFAULT_SCOPE ? name : `${name} (scope ${scope})`
}

/** The option that a command line needs for this scope, with a blank before it: what a hint says to do must be done there. */
export function scopeOption(scope: string): string {
  return scope === DEFAULT_SCOPE ? '' : ` --scope ${scope}`
}

/** Makes the error for a secret that is not there. */
export function noSecret(name: string, scope: string): CliError {
  return new CliError(
    'NOT_FOUND',
    `There is no secret ${name} in scope ${scope}.`,
    `latchkey list${scopeOption(scope)} shows what there is; --scope names another scope.`,
  )
}

/** Makes the error for a value among the arguments. */
export function valueInArguments(): CliError {
  return new CliError(
    'VALUE_IN_ARGV',
    'A value is not taken from the command line: other users can see it there, and the shell keeps it in its history.',
    'Leave it out to be asked for it, or send it on stdin: latchkey set NAME KEY < FILE. If what you typed is secret, remove it from the history, and change it.',
    EXIT.usage,
  )
}

function hasEquals(text: string | undefined): boolean {
  return text?.includes('=') === true
}
