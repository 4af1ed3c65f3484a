/** `latchkey recipients list`. */
import type { Recipient } from '../../stores/file.ts'
import { FILE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { onlyStoreFiles, withFileStore } from '../store.ts'
import { printRows } from '../table.ts'

export const recipientsList: Command = {
  summary: 'Lists who can open a store file',
  arguments: [],
  options: FILE_OPTIONS,
  withoutOption: onlyStoreFiles,
  details: [
    'Each line is a kind and an id. raw is a key, scrypt a pass phrase, ext a key wrapper such as a KMS, which only a program can use. None of it is secret.',
  ],
  examples: ['latchkey recipients list --json'],
  async run(input) {
    const recipients = await withFileStore(input, (store) => store.recipients())
    await printRows(input, ['KIND', 'ID'], recipients, {
      cells: ({ type, id }: Recipient) => [type, id],
      json: ({ type, id }) => ({ type, id }),
    })
    return EXIT.ok
  },
}
