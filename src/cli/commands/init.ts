/** `latchkey init`. */
import { lstatSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { isLatchkeyError } from '../../errors.ts'
import type { FileStore } from '../../stores/file.ts'
import { answer } from '../answer.ts'
import { STORE_OPTIONS } from '../command.ts'
import type { Command, Input } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError, oneLine } from '../failure.ts'
import { ignoreInGit } from '../git-ignore.ts'
import { addressOf, storeFileOf, withFileStore } from '../store.ts'

export const init: Command = {
  summary: 'Makes a store file and its key file, or what another store needs',
  arguments: [],
  options: STORE_OPTIONS,
  details: [
    'Both files can be read by you alone, under any umask. The name of the key file becomes a line of the .gitignore beside it. The key is not shown. Nothing is overwritten: if there is a store file or a key file already, it says so and changes nothing.',
    'Keep a copy of the key where the store is not, such as a password manager: whoever has both can read every secret, and without the key nobody can.',
    'With LATCHKEY_KEY set and no --key-file, the store is made for that key, and there is no key file. With --passphrase it is made for a pass phrase, which is asked for twice.',
  ],
  examples: ['latchkey init', 'latchkey init --file /srv/app/secrets.latchkey --key-file /etc/app/latchkey.key'],
  async run(input) {
    if (addressOf(input) !== undefined) {
      const { initStore } = await import('../init-store.ts')
      return initStore(input)
    }
    // Before a pass phrase is asked for.
    refuseExisting('store', storeFileOf(input), 'latchkey list shows what is in it, latchkey set adds to it.')
    const made = await withFileStore(input, (store) => make(store, input), { mayMake: true, isNew: true })
    await answer(input, { store: made.store, keyFile: made.keyFile ?? null }, made.text)
    return EXIT.ok
  },
}

/** What was made, and what to tell of it. */
interface Made {
  readonly store: string
  readonly keyFile?: string
  readonly text: string
}

async function make(store: FileStore, input: Input): Promise<Made> {
  const { path } = store
  const byPassphrase = input.flag('passphrase') || input.text('passphrase-file') !== undefined
  const keyFile = byPassphrase ? undefined : keyFileFor(path, input)
  if (keyFile === undefined) {
    await store.create()
    const key = byPassphrase ? 'the pass phrase' : 'the one in LATCHKEY_KEY'
    return { store: path, text: `Made the store ${shown(path)}. Its key is ${key}.\n${keep(byPassphrase)}` }
  }
  refuseExisting('key', keyFile, 'To make a store with that key, store a secret: latchkey set NAME KEY')
  const ignored = ignoreInGit(keyFile)
  try {
    await store.create({ makeKeyFile: true })
  } catch (error) {
    throw halfMade(error, keyFile)
  }
  const text = [
    `Made the store ${shown(path)}`,
    `and its key   ${shown(keyFile)} (both can be read by you alone).`,
    `${oneLine(ignored.line)} ${ignored.added ? 'was added to' : 'is in'} ${shown(ignored.path)}: git does not take the key.`,
    `${keep(false)} Where the key file cannot be, give its text as LATCHKEY_KEY.`,
    ...elsewhere(path, keyFile),
    'Next: latchkey set my_github_secret GH_ACCESS_TOKEN',
  ].join('\n')
  return { store: path, keyFile, text }
}

function keep(byPassphrase: boolean): string {
  const key = byPassphrase ? 'pass phrase' : 'key'
  return `
Keep a copy of the ${key} where the store is not, e.g. in a password manager. Whoever has both can read every secret; without the ${key} nobody can.`
}

/** The key file that is to be made; `undefined` where the key comes from LATCHKEY_KEY. The rule is the store's own. */
function keyFileFor(path: string, input: Input): string | undefined {
  const given = input.text('key-file')
  if (given !== undefined) return resolve(given)
  const { LATCHKEY_KEY: key, LATCHKEY_KEY_FILE: named } = process.env
  return key === undefined ? resolve(named ?? `${path}.key`) : undefined
}

function refuseExisting(what: string, path: string, hint: string): void {
  // Not existsSync: a symbolic link that leads nowhere is there, too, and a folder that cannot be searched tells nothing.
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return
  throw new CliError('CONFLICT', `There is a ${what} file already: ${path}. Nothing was changed.`, hint)
}

/** Says where a key was left, if the store could not be made after it. */
function halfMade(error: unknown, keyFile: string): unknown {
  if (!isLatchkeyError(error) || lstatSync(keyFile, { throwIfNoEntry: false }) === undefined) return error
  const hint = `The key file ${keyFile} is there, the store is not. When this is mended, latchkey set makes the store with it.`
  return new CliError(String(error.code), error.message, error.hint === undefined ? hint : `${error.hint} ${hint}`)
}

/** What to do so that the key is found, where it is not where it is looked for. */
function elsewhere(path: string, keyFile: string): string[] {
  const { LATCHKEY_KEY: key, LATCHKEY_KEY_FILE: named } = process.env
  if (key === undefined && resolve(named ?? `${path}.key`) === keyFile) return []
  const unset = key === undefined ? '' : ' and unset LATCHKEY_KEY'
  return [`To use it, set LATCHKEY_KEY_FILE=${oneLine(keyFile)}${unset}, or give --key-file each time.`]
}

function shown(path: string): string {
  const here = relative(process.cwd(), path)
  return oneLine(here.startsWith('..') ? path : here)
}
