/** `latchkey rm NAME...`. */
import { answer } from '../answer.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { confirm } from '../confirm.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { describeAnyhow } from '../damaged.ts'
import { nameOf, noSecret, scopeOf } from '../names.ts'
import { withWritableStore } from '../store.ts'

export const rm: Command = {
  summary: 'Removes secrets, with all their versions',
  arguments: ['NAME...'],
  options: { ...STORE_OPTIONS, ...SCOPE_OPTION, yes: { short: 'y', description: 'do not ask' } },
  details: [
    'What is removed cannot be brought back by latchkey rollback. So it asks on a terminal, and needs --yes elsewhere. If one of the secrets is not there, that is an error and none is removed. One that is damaged is removed like any other.',
  ],
  examples: ['latchkey rm my_github_secret', 'latchkey rm old_one old_two --scope acme/production --yes'],
  async run(input) {
    const names = [...new Set(input.arguments.map(nameOf))]
    const scope = scopeOf(input)
    await withWritableStore(input, async (store) => {
      for (const name of names) {
        if ((await describeAnyhow(store, name, scope)) === undefined) throw noSecret(name, scope)
      }
      await confirm(input, `Remove ${names.join(', ')} (scope ${scope}) and all older versions?`)
      const removed: string[] = []
      for (const name of names) {
        if (await store.delete(name, { scope })) removed.push(name)
        else throw somebodyElse(name, removed)
      }
    })
    await answer(input, { removed: names, scope }, `Removed ${names.join(', ')} (scope ${scope}).`)
    return EXIT.ok
  },
}

function somebodyElse(name: string, removed: readonly string[]): CliError {
  const before = removed.length === 0 ? '' : ` Before it, ${removed.join(', ')} was removed.`
  return new CliError('CONFLICT', `Somebody else removed ${name} meanwhile.${before}`)
}
