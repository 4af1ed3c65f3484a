/** `latchkey rollback NAME VERSION`. */
import type { WritableSecretStore } from '../../store.ts'
import { answer } from '../answer.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { nameOf, noSecret, scopeOf } from '../names.ts'
import { assertCan, withWritableStore } from '../store.ts'

export const rollback: Command = {
  summary: 'Makes an older version of a secret the newest',
  arguments: ['NAME', 'VERSION'],
  options: { ...STORE_OPTIONS, ...SCOPE_OPTION },
  details: [
    'VERSION is one that latchkey history lists. Its values and its description become a new version, so that this can be taken back in the same way.',
  ],
  examples: ['latchkey history my_github_secret', 'latchkey rollback my_github_secret PWufN-9IMcOZ-1'],
  async run(input) {
    const name = nameOf(input.arguments[0])
    const [, wanted = ''] = input.arguments
    const scope = scopeOf(input)
    const info = await withWritableStore(input, async (store) => {
      assertCan(store, 'history', 'keeps no older versions')
      const { history, rollback: back } = store as Required<WritableSecretStore>
      const versions = await history(name, { scope })
      if (versions.length === 0) throw noSecret(name, scope)
      // The version is not repeated: it may be a value in the wrong place.
      if (!versions.some(({ version }) => version === wanted)) {
        const hint = `Kept are: ${versions.map(({ version }) => version).join(', ')}.`
        throw new CliError('NOT_FOUND', `No such version of ${name} is kept.`, hint)
      }
      return back(name, wanted, { scope })
    })
    const { version, keys } = info
    const text = `${name} (scope ${scope}) is as it was: version ${version}, keys ${keys.join(', ')}.`
    await answer(input, { name, scope, version, keys }, text)
    return EXIT.ok
  },
}
