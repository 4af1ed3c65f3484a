/** The keys that a command line names: key files, and a pass phrase that is asked for or read from a file. */
import type { KeySource } from '../stores/keys/key-source.ts'
import type { Input } from './command.ts'
import { CliError, usageError } from './failure.ts'

/** How a store is given its keys. */
export interface KeyOptions {
  readonly keyFile?: string | undefined
  readonly keys?: readonly KeySource[]
}

/**
 * Gives the keys of the options. Without any, a store finds its own. A pass phrase is asked for.
 *
 * @param isNew - the store is to be made: a pass phrase is asked for twice.
 */
export async function keyOptions(input: Input, isNew = false): Promise<KeyOptions> {
  const files = input.texts('key-file')
  const passphrase = await passphraseOf(input, isNew)
  if (passphrase === undefined && files.length <= 1) return { keyFile: files[0] }
  const sources: KeySource[] = files.map((keyFile) => ({ keyFile }))
  return { keys: passphrase === undefined ? sources : [...sources, { passphrase }] }
}

async function passphraseOf(input: Input, isNew: boolean): Promise<string | undefined> {
  const file = input.text('passphrase-file')
  if (file !== undefined) {
    if (input.flag('passphrase')) throw usageError('Give either --passphrase or --passphrase-file.')
    const { readValueFile } = await import('./value-file.ts')
    return notEmpty(readValueFile(file))
  }
  if (!input.flag('passphrase')) return undefined
  if (isNew) return askTwice()
  const { askHidden } = await import('./prompt.ts')
  return notEmpty(await askHidden('Pass phrase (not shown): '))
}

/** Asks for a new pass phrase, twice: one that was mistyped would open nothing. */
export async function askTwice(): Promise<string> {
  const { withHiddenTyping } = await import('./prompt.ts')
  return withHiddenTyping(async (ask) => {
    const first = notEmpty(await ask('New pass phrase (not shown): '))
    if ((await ask('The same again: ')) === first) return first
    throw new CliError('INVALID', 'The two pass phrases are not the same. Nothing was changed.', 'Try again.')
  })
}

/** Gives a pass phrase, if it is not empty. */
export function notEmpty(passphrase: string): string {
  if (passphrase !== '') return passphrase
  throw usageError(
    'The pass phrase is empty. Nothing was changed.',
    'Give one that cannot be guessed, e.g. six random words.',
  )
}
