/** `latchkey help [COMMAND...]`. */
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { output } from '../output.ts'

export const help: Command = {
  summary: 'Shows help for the program, or for one command',
  arguments: ['[COMMAND...]'],
  options: {},
  details: ['latchkey help COMMAND shows what latchkey COMMAND --help shows.'],
  examples: ['latchkey help', 'latchkey help recipients add'],
  async run(input) {
    const { helpFor } = await import('../help.ts')
    await output.write(`${await helpFor(input.arguments, output.columns)}\n`)
    return EXIT.ok
  },
}
