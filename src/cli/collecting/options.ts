/** What `check` and `manifest` are asked with. */
import { isScope } from '../../secret.ts'
import type { Input, Options } from '../command.ts'
import { usageError } from '../failure.ts'

const MOST_SECONDS = 86_400

/** Their options in common. */
export const COLLECT_OPTIONS = {
  scope: { placeholder: 'SCOPE', multiple: true, description: "whose secrets (default: the registry's scope)" },
  timeout: { placeholder: 'SECONDS', description: 'how long the module and its stores may take (default: 30)' },
} as const satisfies Options

/** Reads them. Throws USAGE for what is no scope or no number. */
export function jobOptions(input: Input): {
  readonly scopes: readonly string[] | undefined
  readonly timeoutMs: number
} {
  const scopes = input.texts('scope')
  if (!scopes.every(isScope)) {
    throw usageError(
      'What follows --scope is not a scope.',
      'A scope is 1 to 8 segments of letters, digits, _ . or -, joined by /, e.g. acme/production.',
    )
  }
  const text = input.text('timeout') ?? '30'
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (seconds < 1 || seconds > MOST_SECONDS) {
    throw usageError(
      'What follows --timeout is no number of seconds.',
      `It is a whole number from 1 to ${MOST_SECONDS}.`,
    )
  }
  return { scopes: scopes.length === 0 ? undefined : scopes, timeoutMs: seconds * 1000 }
}
