/** `latchkey list`. */
import type { SecretInfo } from '../../secret.ts'
import type { SecretStore } from '../../store.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { usageError } from '../failure.ts'
import { infoJson, shownDate } from '../info.ts'
import { scopeOf } from '../names.ts'
import { note, output } from '../output.ts'
import { assertCan, withStore } from '../store.ts'
import { printRows } from '../table.ts'

export const list: Command = {
  summary: 'Lists the secrets of a scope: names, keys, versions, dates; no values',
  arguments: [],
  leavesNothing: true,
  options: {
    ...STORE_OPTIONS,
    ...SCOPE_OPTION,
    prefix: { placeholder: 'TEXT', description: 'only names that begin with this' },
    scopes: { description: 'list the scopes that hold something, not secrets' },
  },
  details: [
    'On a terminal it prints a table, or on a narrow one each secret on lines of its own. Otherwise each line is name, date, version and keys (joined by commas), with tabs between them. Dates say when the version was written, in UTC.',
    'With --json each line is an object: name, scope, keys, version, createdAt; with --scopes, scope.',
    'An empty scope is an empty list, with a note on stderr. A store file that is not there is an error.',
  ],
  examples: ['latchkey list --scope acme/production', 'latchkey list --json | jq -r .name'],
  async run(input) {
    const scope = scopeOf(input)
    const prefix = input.text('prefix')
    await withStore(input, async (store) => {
      assertCan(store, 'list', 'cannot list its secrets')
      if (input.flag('scopes')) {
        if (input.text('scope') !== undefined) throw usageError('--scopes lists all of them: leave out --scope.')
        await printRows(input, ['SCOPE'], scopes(store), { cells: (name) => [name], json: (name) => ({ scope: name }) })
        return
      }
      const count = await printRows(input, ['NAME', 'WRITTEN', 'VERSION', 'KEYS'], store.list({ scope, prefix }), {
        cells: ({ name, createdAt, version, keys }: SecretInfo) => [
          name,
          shownDate(createdAt),
          version,
          keys.join(output.isTerminal ? ', ' : ','),
        ],
        json: infoJson,
      })
      if (count === 0) await note(await nothing(store, scope, prefix))
    })
    return EXIT.ok
  },
}

function scopes(store: SecretStore): AsyncIterable<string> {
  if (store.scopes !== undefined) return store.scopes()
  throw usageError(`The store ${store.name} cannot list its scopes.`, 'Name one with --scope.')
}

/** What to say instead of an empty table; on stderr, so that a pipe stays empty. */
async function nothing(store: SecretStore, scope: string, prefix: string | undefined): Promise<string> {
  const others: string[] = []
  for await (const other of store.scopes?.() ?? []) {
    if (others.push(other) === 10) break
  }
  const elsewhere = others.length === 0 ? '' : ` Scopes with secrets: ${others.join(', ')}.`
  return `No secrets ${prefix === undefined ? '' : 'of this prefix '}in scope ${scope}.${elsewhere}`
}
