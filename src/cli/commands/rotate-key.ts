/** `latchkey rotate-key`. */
import type { SecretStore } from '../../store.ts'
import type { KeySource } from '../../stores/keys/key-source.ts'
import { answer } from '../answer.ts'
import { STORE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError, oneLine } from '../failure.ts'
import { NEW_KEY_OPTIONS, newKeyFile } from '../new-key.ts'
import { progress } from '../progress.ts'
import { withWholeStore } from '../store.ts'

/** A store whose data key can be changed. */
interface Rotating {
  rotateKey(options: {
    keys?: readonly KeySource[] | undefined
    onProgress: (progress: { readonly checked: number; readonly total?: number }) => void
  }): Promise<void>
}

export const rotateKey: Command = {
  summary: 'Makes a new data key and seals every secret again',
  arguments: [],
  options: { ...STORE_OPTIONS, ...NEW_KEY_OPTIONS },
  details: [
    'Those who can open the store still can, and all their keys are needed: name each with --key-file, and --passphrase. With --new-key-file, a new key takes the place of all of them: do this when a key may have been seen, or when somebody leaves. Change the values then, too: whoever has the old key and a copy of the store can read what was in it.',
    'Others may read and write meanwhile. If it is stopped in the middle, everything stays readable; on a server, the next rotation finishes it. If one secret does not open, nothing is changed.',
  ],
  examples: ['latchkey rotate-key', 'latchkey rotate-key --new-key-file next.key'],
  async run(input) {
    const path = input.text('new-key-file')
    const { made, others } = await withWholeStore(input, async (store) => {
      const rotating = rotatingOf(store)
      const others = path === undefined ? 0 : await recipientsOf(store)
      const keyFile = path === undefined ? undefined : await newKeyFile(path)
      const shown = progress('Sealing again')
      try {
        const keys = keyFile === undefined ? undefined : [{ keyFile }]
        await rotating.rotateKey({
          keys,
          onProgress: ({ checked, total }) => {
            shown.done(checked, total)
          },
        })
      } catch (error) {
        throw keyFile === undefined ? error : withKeyFile(error, keyFile)
      } finally {
        shown.end()
      }
      return { made: keyFile, others }
    })
    const key = made === undefined ? '' : `\n${toldOf(made, others)}`
    await answer(input, { rotated: true, keyFile: made ?? null }, `Every secret is sealed with a new data key.${key}`)
    return EXIT.ok
  },
}

/** How many keys and pass phrases open a store file; 0 of another store, which is opened by those that it is given. */
async function recipientsOf(store: SecretStore): Promise<number> {
  if (!('recipients' in store) || typeof store.recipients !== 'function') return 0
  return (await (store as unknown as { recipients(): Promise<readonly unknown[]> }).recipients()).length
}

function toldOf(keyFile: string, before: number): string {
  const shown = oneLine(keyFile)
  return [
    `Its key is now ${shown}, and no other. Keep a copy where the store is not. Copies of the store from before need the old key.`,
    ...(before > 1
      ? [
          `None of the ${before} keys and pass phrases that opened it does any more: latchkey recipients add lets them in again.`,
        ]
      : []),
    `To use it, put it where the old key was, or set LATCHKEY_KEY_FILE=${shown}, or give --key-file each time.`,
  ].join('\n')
}

function rotatingOf(store: SecretStore): Rotating {
  if ('rotateKey' in store && typeof store.rotateKey === 'function') return store as unknown as Rotating
  throw new CliError(
    'UNSUPPORTED',
    `The store ${store.name} seals nothing: it has no key of ours.`,
    'Rotate its keys with its own tools.',
  )
}

/** The new key may be needed already: a rotation on a server that was stopped in the middle has two keys. */
function withKeyFile(error: unknown, keyFile: string): unknown {
  const { code, message, hint } = error as { code?: unknown; message: string; hint?: string }
  if (typeof code !== 'string') return error
  const kept = `The new key file ${keyFile} is there: keep it until the rotation was repeated.`
  return new CliError(code, message, hint === undefined ? kept : `${hint} ${kept}`)
}
