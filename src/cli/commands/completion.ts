/** `latchkey completion SHELL`. */
import type { Command } from '../command.ts'
import { SHELLS, wordsOf } from '../completion/words.ts'
import { EXIT } from '../exit-codes.ts'
import { usageError } from '../failure.ts'
import { output } from '../output.ts'

export const completion: Command = {
  summary: "Prints what makes a shell complete latchkey's commands, options and names",
  arguments: ['SHELL', '[WORD...]'],
  options: {},
  details: [
    'SHELL is bash, zsh or fish. The script is made from the same declarations as this help; make it anew after an update.',
    'Names of secrets are completed from a store file that opens without a question, which reads its key file. Other stores are not asked. latchkey completion secrets -- WORD... prints these names; the scripts call it.',
  ],
  examples: [
    'source <(latchkey completion bash)    # in ~/.bashrc',
    'source <(latchkey completion zsh)     # in ~/.zshrc',
    'latchkey completion fish > ~/.config/fish/completions/latchkey.fish',
  ],
  async run(input) {
    const [shell = '', ...words] = input.arguments
    if (shell === 'secrets') {
      const { secretNames } = await import('../completion/secrets.ts')
      const names = await secretNames(words)
      if (names.length > 0) await output.write(`${names.join('\n')}\n`)
      return EXIT.ok
    }
    if (!(SHELLS as readonly string[]).includes(shell) || words.length > 0) {
      throw usageError('What follows completion is no shell.', `It is one of: ${SHELLS.join(', ')}.`)
    }
    await output.write(await scriptFor(shell))
    return EXIT.ok
  },
}

async function scriptFor(shell: string): Promise<string> {
  const { COMMANDS } = await import('../commands.ts')
  const loaded = await Promise.all(Object.entries(COMMANDS).map(async ([name, load]) => [name, await load()] as const))
  const words = wordsOf(loaded)
  if (shell === 'fish') return (await import('../completion/fish.ts')).fishScript(words)
  const { bashScript, zshScript } = await import('../completion/bash.ts')
  return shell === 'bash' ? bashScript(words) : zshScript(words)
}
