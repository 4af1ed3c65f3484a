/** Reads which secrets a command is given: `NAME` or `NAME:KEY,…`. */
import { isKey, isSecretName } from '../../secret.ts'
import { usageError } from '../failure.ts'

/** A secret to give to a command. */
export interface Wanted {
  readonly name: string
  /** The only keys to give; `undefined`: every key of the secret. */
  readonly keys: readonly string[] | undefined
}

const HOW = 'Write -s NAME for every key of a secret, or -s NAME:KEY,KEY for some of them.'

/**
 * Reads what follows each `-s`. A secret that is named twice is given once, with the keys of both.
 *
 * @throws CliError USAGE for anything else than names; what was typed is not repeated, for it may be a value.
 */
export function readWanted(texts: readonly string[]): Wanted[] {
  if (texts.length === 0) throw usageError('No secret is named.', HOW)
  const wanted = new Map<string, readonly string[] | undefined>()
  for (const text of texts) {
    const { name, keys } = readOne(text)
    const before = wanted.has(name) ? wanted.get(name) : []
    wanted.set(name, before && keys && [...new Set([...before, ...keys])])
  }
  return Array.from(wanted, ([name, keys]) => ({ name, keys }))
}

function readOne(text: string): Wanted {
  const colon = text.indexOf(':')
  const name = colon === -1 ? text : text.slice(0, colon)
  const keys = colon === -1 ? undefined : text.slice(colon + 1).split(',')
  if (isSecretName(name) && keys?.every(isKey) !== false) return { name, keys }
  throw usageError('What follows -s is not the name of a secret, or not its keys.', HOW)
}
