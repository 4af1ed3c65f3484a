/** `latchkey unset NAME KEY...`. */
import { answer } from '../answer.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { keyOf, nameOf, noSecret, scopeOf, scopeOption, shownSecret } from '../names.ts'
import { withWritableStore } from '../store.ts'

export const unset: Command = {
  summary: 'Removes keys of a secret',
  arguments: ['NAME', 'KEY...'],
  options: { ...STORE_OPTIONS, ...SCOPE_OPTION },
  details: [
    'The other keys and the description stay. A key that the secret does not have is an error, and nothing is changed then. Where others keep a secret whose other names are no keys here, as latchkey show tells of Vault and AWS, it is refused, for they would be lost. To remove all of a secret, use latchkey rm. The version before stays in the history, with what was removed.',
  ],
  examples: ['latchkey unset my_github_secret GH_USERNAME'],
  async run(input) {
    const [first, ...others] = input.arguments
    const name = nameOf(first)
    const unwanted = others.map(keyOf)
    const scope = scopeOf(input)
    const info = await withWritableStore(input, async (store) => {
      const secret = await store.get(name, { scope })
      if (secret === undefined) throw noSecret(name, scope)
      const { values, version, description } = secret
      const absent = unwanted.filter((key) => !Object.hasOwn(values, key))
      if (absent.length > 0) {
        const keys = Object.keys(values).sort().join(', ')
        throw new CliError('NOT_FOUND', `${name} has no ${absent.join(', ')}.`, `Its keys: ${keys}.`)
      }
      const left = Object.fromEntries(Object.entries(values).filter(([key]) => !unwanted.includes(key)))
      if (Object.keys(left).length === 0) {
        const hint = `To remove the secret, use latchkey rm ${name}${scopeOption(scope)}`
        throw new CliError('INVALID', `No key of ${name} would be left.`, hint)
      }
      // Asked after the values: what is newer than they are is not written over.
      const { skipped = [] } = (await store.describe(name, { scope })) ?? {}
      if (skipped.length > 0) throw wouldLose(name, scope, skipped.length)
      const ifVersion = store.capabilities.cas ? version : undefined
      return store.set(name, left, { scope, mode: 'replace', description, ifVersion })
    })
    const { version, keys } = info
    const text = `Removed ${unwanted.join(', ')} from ${name} (scope ${scope}, version ${version}; its keys: ${keys.join(', ')}).`
    await answer(input, { name, scope, version, keys }, text)
    return EXIT.ok
  },
}

/** A write of what was read would take along what cannot be read. */
function wouldLose(name: string, scope: string, count: number): CliError {
  const what =
    count === 1
      ? 'a name that is no key here, and would be lost'
      : `${count} names that are no keys here, and would be lost`
  return new CliError(
    'UNSUPPORTED',
    `${shownSecret(name, scope)} holds ${what}. Nothing was changed.`,
    `Remove the key with what wrote the others, e.g. vault kv put or aws secretsmanager put-secret-value; latchkey show ${name}${scopeOption(scope)} lists them as skipped.`,
  )
}
