/** `latchkey recipients add`. */
import { unlinkSync } from 'node:fs'
import { answer } from '../answer.ts'
import { FILE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { oneLine } from '../failure.ts'
import { NEW_KEY_OPTIONS, NEW_PASSPHRASE_OPTIONS, newKeyOf } from '../new-key.ts'
import { onlyStoreFiles, withFileStore } from '../store.ts'

export const recipientsAdd: Command = {
  summary: 'Lets one more key or pass phrase open a store file',
  arguments: [],
  options: {
    ...FILE_OPTIONS,
    ...NEW_KEY_OPTIONS,
    'with-key-file': {
      placeholder: 'PATH',
      description: 'take a key that is there, e.g. one that somebody made and gave you',
    },
    ...NEW_PASSPHRASE_OPTIONS,
  },
  withoutOption: onlyStoreFiles,
  details: [
    'Give one of --new-key-file, --with-key-file, --new-passphrase and --new-passphrase-file. The keys that there are stay, and no secret is sealed again.',
  ],
  examples: ['latchkey recipients add --new-passphrase', 'latchkey recipients add --new-key-file deploy.key'],
  async run(input) {
    const { made, added } = await withFileStore(input, async (store) => {
      // What cannot be opened is told before a key is made or asked for.
      const before = await store.recipients()
      const key = await newKeyOf(input, input.text('with-key-file'))
      try {
        await store.addRecipient(key.source)
      } catch (error) {
        // It opens nothing.
        if (key.made !== undefined) unlinkSync(key.made)
        throw error
      }
      const after = await store.recipients()
      return { made: key.made, added: after.find(({ id }) => before.every((one) => one.id !== id)) }
    })
    const where =
      made === undefined
        ? ''
        : ` Its key is in ${oneLine(made)}, which only you can read: keep a copy where the store is not.`
    const { type = 'raw', id = '' } = added ?? {}
    await answer(input, { type, id, keyFile: made ?? null }, `Added the ${type} recipient ${id}.${where}`)
    return EXIT.ok
  },
}
