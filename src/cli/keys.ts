/** The keys that a command line names: key files, and a pass phrase that is asked for or read from a file. */
import type { KeySource } from '../stores/keys/key-source.ts'
import type { Input } from './command.ts'
import { usageError } from './failure.ts'

/** How a store is given its keys. */
export interface KeyOptions {
  readonly keyFile?: string | undefined
  readonly keys?: readonly KeySource[]
}

/** Gives the keys of the options. Without any, a store finds its own. A pass phrase is asked for when it is needed. */
export async function keyOptions(input: Input): Promise<KeyOptions> {
  const files = input.texts('key-file')
  const passphrase = await passphraseOf(input, 'passphrase', 'Pass phrase (not shown): ')
  if (passphrase === undefined && files.length <= 1) return { keyFile: files[0] }
  const sources: KeySource[] = files.map((keyFile) => ({ keyFile }))
  return { keys: passphrase === undefined ? sources : [...sources, { passphrase }] }
}

/**
 * Gives the pass phrase of the options `name` and `name-file`, as a function that asks once, when it is first needed, or what the
 * file holds. `undefined`: neither was given.
 */
export async function passphraseOf(
  input: Input,
  name: string,
  question: string,
): Promise<string | (() => Promise<string>) | undefined> {
  const file = input.text(`${name}-file`)
  if (file !== undefined) {
    if (input.flag(name)) throw usageError(`Give either --${name} or --${name}-file.`)
    const { readValueFile } = await import('./value-file.ts')
    return notEmpty(readValueFile(file))
  }
  if (!input.flag(name)) return undefined
  let asked: Promise<string> | undefined
  return () => (asked ??= ask(question))
}

async function ask(question: string): Promise<string> {
  const { askHidden } = await import('./prompt.ts')
  return notEmpty(await askHidden(question))
}

function notEmpty(passphrase: string): string {
  if (passphrase !== '') return passphrase
  throw usageError('The pass phrase is empty.', 'Give one that cannot be guessed, e.g. six random words.')
}
