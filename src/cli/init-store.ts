/** Makes what a store that is no file needs: tables, and a key. */
import { existsSync, unlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { answer } from './answer.ts'
import type { Input } from './command.ts'
import { EXIT } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import { CliError, oneLine } from './failure.ts'
import type { SecretStore } from '../store.ts'
import { newKeyFile } from './new-key.ts'
import { nextStep } from './next-step.ts'
import { assertCan, withStore } from './store.ts'

/** Prepares the store of `--store`. May be called again: what is there stays. */
export async function initStore(input: Input): Promise<ExitCode> {
  const { keyFile, migrated } = await withStore(input, async (store) => {
    assertCan(store, 'write', 'needs nothing made: it is only read')
    const keyFile = 'rotateKey' in store ? await keyFor(input) : undefined
    const migrated = 'migrate' in store && typeof store.migrate === 'function'
    if (migrated) await (store as unknown as { migrate(): Promise<void> }).migrate()
    if ('rotateKey' in store) await assertOpens(store, keyFile)
    return { keyFile, migrated }
  })
  const lines = [
    ...(migrated ? ['The tables of the store are there.'] : []),
    ...(keyFile === undefined
      ? []
      : [
          `Made its key ${oneLine(keyFile)}, which only you can read. Keep a copy: without it nobody can read what is stored.`,
          `To use it, set LATCHKEY_KEY_FILE=${oneLine(keyFile)}, or give --key-file each time.`,
        ]),
    nextStep(input),
  ]
  await answer(input, { migrated, keyFile: keyFile ?? null }, lines.join('\n'))
  return EXIT.ok
}

/** Throws if the store is there and has another key. One that was made for it just now opens nothing, and is removed. */
async function assertOpens(store: SecretStore, made: string | undefined): Promise<void> {
  try {
    await store.describe('any')
  } catch (error) {
    if (made !== undefined) unlinkSync(made)
    throw error
  }
}

/** Makes the key file that is named, if it is not there. `undefined`: there is a key. */
async function keyFor(input: Input): Promise<string | undefined> {
  if (input.flag('passphrase') || input.text('passphrase-file') !== undefined) return undefined
  const { LATCHKEY_KEY: key, LATCHKEY_KEY_FILE: file } = process.env
  const named = input.text('key-file') ?? (key === undefined ? file : undefined)
  if (named === undefined) {
    if (key !== undefined) return undefined
    const hint = 'Say where it is to be made, with --key-file PATH, or set LATCHKEY_KEY.'
    throw new CliError('KEY_MISSING', 'This store seals what it keeps, and there is no key.', hint)
  }
  return existsSync(resolve(named)) ? undefined : newKeyFile(named)
}
