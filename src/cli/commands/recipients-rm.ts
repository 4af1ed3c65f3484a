/** `latchkey recipients rm ID`. */
import { answer } from '../answer.ts'
import { FILE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { onlyStoreFiles, withFileStore } from '../store.ts'

export const recipientsRm: Command = {
  summary: 'Takes the access of a key or pass phrase to a store file',
  arguments: ['ID'],
  options: FILE_OPTIONS,
  withoutOption: onlyStoreFiles,
  details: [
    'ID is one that latchkey recipients list shows. Every secret is sealed again with a new data key, for which the keys of all who stay are needed: name each with --key-file, and --passphrase. Copies of the file that the recipient has stay readable for them: change the values, too.',
  ],
  examples: ['latchkey recipients rm mJ3xR0lqTz0 --key-file secrets.latchkey.key --passphrase'],
  async run(input) {
    const [wanted = ''] = input.arguments
    await withFileStore(input, async (store) => {
      const there = await store.recipients()
      // It is not repeated: it may be something else.
      if (!there.some(({ id }) => id === wanted)) {
        throw new CliError('NOT_FOUND', 'There is no such recipient.', 'latchkey recipients list shows who there is.')
      }
      await store.removeRecipient(wanted)
    })
    await answer(
      input,
      { removed: wanted },
      `Removed the recipient ${wanted}. What was written before stays readable for it, in copies of the file.`,
    )
    return EXIT.ok
  },
}
