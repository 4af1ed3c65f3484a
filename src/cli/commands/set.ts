/** `latchkey set NAME KEY`. */
import { lstatSync } from 'node:fs'
import type { SecretInfo } from '../../secret.ts'
import { answer } from '../answer.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command, Input } from '../command.ts'
import { describeAnyhow } from '../damaged.ts'
import { EXIT } from '../exit-codes.ts'
import { oneLine } from '../failure.ts'
import { keyOf, nameOf, scopeOf, scopeOption, valueInArguments } from '../names.ts'
import { withWritableStore } from '../store.ts'

export const set: Command = {
  summary: 'Stores the value of one key of a secret',
  arguments: ['NAME', 'KEY'],
  options: {
    ...STORE_OPTIONS,
    ...SCOPE_OPTION,
    'value-file': { placeholder: 'PATH', description: 'read the value from a file' },
    replace: {
      description:
        'make KEY the only key of the secret, even of one that is damaged (default: its other keys stay); its description stays',
    },
    description: { placeholder: 'TEXT', description: 'what the secret is for; sealed, and shown by latchkey show' },
  },
  details: [
    'On a terminal it asks for the value and shows nothing of what is typed. Backspace and Ctrl-U work; a pasted text keeps its lines. Ctrl-C ends it with exit code 130, and nothing is written.',
    'Otherwise the value is what comes on stdin, as UTF-8. Exactly one line break (LF or CRLF) is taken off its end, if there is one. Nothing at all on stdin is a mistake, not the empty value, which is a single line break.',
    'A value is never an argument: other users can see the arguments of a process, and the shell keeps them in its history.',
    'If there is a key but no store file, it is made.',
  ],
  examples: [
    'latchkey set my_github_secret GH_ACCESS_TOKEN',
    'latchkey set my_github_secret GH_USERNAME < username.txt',
    'pass show github | latchkey set my_github_secret GH_ACCESS_TOKEN --scope acme/production',
  ],
  surplus: valueInArguments,
  async run(input) {
    const name = nameOf(input.arguments[0])
    const key = keyOf(input.arguments[1])
    const scope = scopeOf(input)
    const done = await withWritableStore(
      input,
      async (store) => {
        const mode = input.flag('replace') ? 'replace' : 'merge'
        const describe = async (): Promise<SecretInfo | 'damaged' | undefined> =>
          mode === 'replace' ? describeAnyhow(store, name, scope) : store.describe(name, { scope })
        // A key that is missing, or a secret to which nothing can be added, is told before anything is asked.
        await describe()
        const path = 'path' in store && typeof store.path === 'string' ? store.path : undefined
        const made = path !== undefined && lstatSync(path, { throwIfNoEntry: false }) === undefined
        const value = await valueOf(name, key, input)
        const given = input.text('description')
        // A replace by itself drops it. Asked anew: much time may have gone into typing the value.
        const kept = mode === 'replace' && given === undefined ? await describe() : undefined
        const description = given ?? (kept === 'damaged' ? undefined : kept?.description)
        const info = await store.set(name, { [key]: value }, { scope, mode, description })
        return { info, made: made ? path : undefined }
      },
      { mayMake: true },
    )
    const { version, keys } = done.info
    const made = done.made === undefined ? '' : `Made the store ${oneLine(done.made)}.\n`
    const text = `${made}Stored ${key} of ${name} (scope ${scope}, version ${version}; its keys: ${keys.join(', ')}).`
    await answer(input, { name, scope, version, keys }, text)
    return EXIT.ok
  },
}

async function valueOf(name: string, key: string, input: Input): Promise<string> {
  const file = input.text('value-file')
  if (file !== undefined) {
    const { readValueFile } = await import('../value-file.ts')
    return readValueFile(file)
  }
  if (process.stdin.isTTY) {
    const { askHidden } = await import('../prompt.ts')
    return askHidden(`Value of ${key} of ${name} (not shown): `)
  }
  const { readValue } = await import('../standard-input.ts')
  return readValue(`latchkey set ${name} ${key}${scopeOption(scopeOf(input))} < FILE`)
}
