/** `latchkey history NAME`. */
import type { SecretInfo } from '../../secret.ts'
import type { WritableSecretStore } from '../../store.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { infoJson, shownDate } from '../info.ts'
import { nameOf, noSecret, scopeOf } from '../names.ts'
import { output } from '../output.ts'
import { assertCan, withWholeStore } from '../store.ts'
import { printRows } from '../table.ts'

export const history: Command = {
  summary: 'Lists the versions of a secret that are kept, the newest first',
  arguments: ['NAME'],
  options: { ...STORE_OPTIONS, ...SCOPE_OPTION },
  details: [
    'A store file keeps one older version of each secret. Layout and --json are those of latchkey list. To go back to a version, use latchkey rollback.',
  ],
  examples: ['latchkey history my_github_secret'],
  async run(input) {
    const name = nameOf(input.arguments[0])
    const scope = scopeOf(input)
    const versions = await withWholeStore(input, async (store) => {
      assertCan(store, 'history', 'keeps no older versions')
      return (store as Required<WritableSecretStore>).history(name, { scope })
    })
    if (versions.length === 0) throw noSecret(name, scope)
    await printRows(input, ['VERSION', 'WRITTEN', 'KEYS'], versions, {
      cells: ({ version, createdAt, keys }: SecretInfo) => [
        version,
        shownDate(createdAt),
        keys.join(output.isTerminal ? ', ' : ','),
      ],
      json: infoJson,
    })
    return EXIT.ok
  },
}
