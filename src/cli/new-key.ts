/** Makes new keys for a store: a key file, or a pass phrase that is asked for twice. */
import { lstatSync } from 'node:fs'
import { resolve } from 'node:path'
import { nodeFileSystem } from '../stores/file/file-system.ts'
import { makeKeyFile } from '../stores/keys/new-key-file.ts'
import type { KeySource } from '../stores/keys/key-source.ts'
import type { Input } from './command.ts'
import { CliError, usageError } from './failure.ts'
import { ignoreInGit } from './git-ignore.ts'
import { askTwice, notEmpty } from './keys.ts'
import { readValueFile } from './value-file.ts'

/** The options that name a new key. */
export const NEW_KEY_OPTIONS = {
  'new-key-file': { placeholder: 'PATH', description: 'make a new key, in a new file that only you can read' },
} as const
export const NEW_PASSPHRASE_OPTIONS = {
  'new-passphrase': { description: 'ask for a new pass phrase, twice' },
  'new-passphrase-file': { placeholder: 'PATH', description: 'read the new pass phrase from a file' },
} as const

/** Makes a key file with a new key, and keeps it out of git. Gives its path. Throws CONFLICT if there is a file. */
export async function newKeyFile(text: string): Promise<string> {
  const path = resolve(text)
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) {
    const hint = 'Name another file: a key that is there is never written over.'
    throw new CliError('CONFLICT', `There is a file already: ${path}. Nothing was changed.`, hint)
  }
  // Git is told first: a key that it may take is none to keep.
  ignoreInGit(path)
  await makeKeyFile(path, nodeFileSystem)
  return path
}

/** Gives the new pass phrase that the options tell of; `undefined`: they tell of none. */
export async function newPassphraseOf(input: Input): Promise<string | undefined> {
  const file = input.text('new-passphrase-file')
  const asks = input.flag('new-passphrase')
  if (file !== undefined && asks) throw usageError('Give either --new-passphrase or --new-passphrase-file.')
  if (file !== undefined) return notEmpty(readValueFile(file))
  return asks ? askTwice() : undefined
}

/** Gives the one new key that the options tell of. */
export async function newKeyOf(input: Input, other?: string): Promise<{ source: KeySource; made?: string }> {
  const file = input.text('new-key-file')
  const phrase = input.flag('new-passphrase') || input.text('new-passphrase-file') !== undefined
  if ([file !== undefined, phrase, other !== undefined].filter(Boolean).length !== 1) {
    throw usageError('Say which key: one of --new-key-file, --with-key-file, --new-passphrase, --new-passphrase-file.')
  }
  if (other !== undefined) return { source: { keyFile: other } }
  if (file !== undefined) {
    const made = await newKeyFile(file)
    return { source: { keyFile: made }, made }
  }
  return { source: { passphrase: (await newPassphraseOf(input)) ?? '' } }
}
