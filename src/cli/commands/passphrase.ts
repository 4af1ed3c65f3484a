/** `latchkey passphrase`. */
import { answer } from '../answer.ts'
import { FILE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { CliError } from '../failure.ts'
import { askTwice } from '../keys.ts'
import { NEW_PASSPHRASE_OPTIONS, newPassphraseOf } from '../new-key.ts'
import { onlyStoreFiles, withFileStore } from '../store.ts'

export const passphrase: Command = {
  summary: 'Changes the pass phrase of a store file',
  arguments: [],
  options: { ...FILE_OPTIONS, 'new-passphrase-file': NEW_PASSPHRASE_OPTIONS['new-passphrase-file'] },
  withoutOption: onlyStoreFiles,
  details: [
    'The store is opened with the old pass phrase, which --passphrase asks for, or with any other of its keys. Then the new one is asked for, twice. No secret is sealed again: if somebody may know the old one, use latchkey rotate-key afterwards.',
    'A store that has no pass phrase gets one by latchkey recipients add --new-passphrase.',
  ],
  examples: ['latchkey passphrase --passphrase'],
  async run(input) {
    await withFileStore(input, async (store) => {
      const phrases = (await store.recipients()).filter(({ type }) => type === 'scrypt')
      if (phrases.length === 0) {
        const hint = 'Add one: latchkey recipients add --new-passphrase'
        throw new CliError('INVALID', 'No pass phrase opens this store.', hint)
      }
      await store.changePassphrase((await newPassphraseOf(input)) ?? (await askTwice()))
    })
    await answer(
      input,
      { changed: true },
      'The pass phrase is changed. The old one opens this file no more; it still opens copies of it.',
    )
    return EXIT.ok
  },
}
