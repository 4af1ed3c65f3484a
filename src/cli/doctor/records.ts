/** Looks whether a store opens, and whether every secret in it does. */
import { isLatchkeyError } from '../../errors.ts'
import type { LatchkeyError } from '../../errors.ts'
import { isReserved } from '../../registry/reserved-names.ts'
import type { SecretStore, WritableSecretStore } from '../../store.ts'
import { inBatches } from '../../stores/batches.ts'
import { namesIn } from '../../stores/names.ts'
import type { Input } from '../command.ts'
import { isOfOneSecret } from '../damaged.ts'
import { CliError, partsOf } from '../failure.ts'
import { hintFor } from '../hints.ts'
import { shownSecret } from '../names.ts'
import { progress } from '../progress.ts'
import { withStore } from '../store.ts'
import { fail, ok, warn } from './finding.ts'
import type { Finding } from './finding.ts'

/** Names so many of what is odd in the same way. */
const NAMED = 5

/** What is known of a store so far. */
interface Seen {
  scopes: number
  sound: number
  /** What is wrong with each secret that cannot be read, and with older versions of those that can. */
  readonly broken: Finding[]
  readonly older: Finding[]
  /** Secrets with names that are no keys, and those with keys of reserved names. */
  readonly foreign: string[]
  readonly reserved: string[]
}

/** Opens the store that the options name, and reads everything in it. What was found before it failed is told, too. */
export async function examineStore(input: Input): Promise<Finding[]> {
  const seen: Seen = { scopes: 0, sound: 0, broken: [], older: [], foreign: [], reserved: [] }
  try {
    return await withStore(input, async (store) => {
      if (!store.capabilities.list) {
        const next = 'Look at each: latchkey show NAME'
        return [warn('secrets', `The store ${store.name} cannot list its secrets.`, next)]
      }
      await readAll(store, seen)
      return told(seen)
    })
  } catch (error) {
    if (!(error instanceof CliError || isLatchkeyError(error))) throw error
    const failure = failed('store', error)
    return seen.sound + seen.broken.length === 0 ? [failure] : [...told(seen), failure]
  }
}

async function readAll(store: SecretStore, seen: Seen): Promise<void> {
  const shown = progress('Reading')
  try {
    for await (const scope of store.scopes?.() ?? ['default']) {
      seen.scopes += 1
      const names: string[] = []
      for await (const name of namesIn(store, scope)) names.push(name)
      for await (const note of inBatches(names, (name) => read(store, name, scope))) {
        note(seen)
        shown.done(seen.sound + seen.broken.length)
      }
    }
  } finally {
    shown.end()
  }
}

/** Reads one secret; gives what notes it. What fails for another reason than the secret itself is thrown. */
async function read(store: SecretStore, name: string, scope: string): Promise<(seen: Seen) => void> {
  const shown = shownSecret(name, scope)
  try {
    const info = await store.describe(name, { scope })
    // Others removed it meanwhile.
    if (info === undefined) return () => undefined
    const { keys, skipped = [] } = info
    // Where none of its names is a key, it has no values to look at.
    if (keys.length > 0) await store.get(name, { scope })
    const older = await failureOfOlder(store, name, scope)
    return (seen) => {
      seen.sound += 1
      if (older !== undefined) {
        seen.older.push(failed('history', older, `${shown}: `))
      }
      if (skipped.length > 0) seen.foreign.push(shown)
      if (keys.some(isReserved)) seen.reserved.push(shown)
    }
  } catch (error) {
    if (!isOfOneSecret(error)) throw error
    return (seen) => {
      seen.broken.push(failed('secret', error, `${shown}: `))
    }
  }
}

/** What opening the older versions of a sound secret fails with, in a store on a server that seals. */
async function failureOfOlder(store: SecretStore, name: string, scope: string): Promise<LatchkeyError | undefined> {
  if (!('rotateKey' in store && 'history' in store)) return undefined
  try {
    await (store as SecretStore as Required<WritableSecretStore>).history(name, { scope })
    return undefined
  } catch (error) {
    if (isOfOneSecret(error)) return error
    throw error
  }
}

function told({ scopes, sound, broken, older, foreign, reserved }: Seen): Finding[] {
  const where = `${scopes} ${scopes === 1 ? 'scope' : 'scopes'}`
  const findings =
    broken.length === 0
      ? [ok('secrets', `${sound} in ${where} can be read.`)]
      : [
          fail(
            'secrets',
            `Of ${sound + broken.length} in ${where}, ${sound} can be read.`,
            'What to do about each of the others follows.',
          ),
          ...broken,
        ]
  findings.push(...older)
  if (foreign.length > 0) {
    const next =
      'latchkey show lists them as skipped. To give them as variables, name them as variables are named where they are kept, or have a program read them by the option rename of the store.'
    findings.push(warn('names', `Some names are no keys, in ${named(foreign)}.`, next))
  }
  if (reserved.length > 0) {
    const next = 'No function gets them in its environment unless its registration admits them by name (allowReserved).'
    findings.push(warn('keys', `Some keys have reserved names, in ${named(reserved)}.`, next))
  }
  return findings
}

function named(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  return names.slice(0, NAMED).join(', ') + more
}

function failed(about: string, error: CliError | LatchkeyError, which = ''): Finding {
  const { code, message, hint } = partsOf(error)
  return fail(about, `${which}${message} [${code}]`, hintFor(code, hint))
}
