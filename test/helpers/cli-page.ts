/** Writes what docs/cli.md says of each command, from the program's own help. */
import { commandHelp } from '../../src/cli/help.ts'
import { COMMANDS } from '../../src/cli/commands.ts'

/** What stands before and after the generated part. */
const BEGIN = '<!-- commands: written by `npm run docs:cli` -->'
const END = '<!-- end of commands -->'

/** Gives the page with its generated part as the program would have it. */
export async function cliPage(page: string): Promise<string> {
  const parts = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => {
      const help = commandHelp(name, await load(), 100)
      return `## latchkey ${name}\n\n\`\`\`text\n${help}\n\`\`\``
    }),
  )
  const [before, rest] = page.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined)
    throw new Error('docs/cli.md has lost the marks of its generated part')
  return `${before}${BEGIN}\n\n${parts.join('\n\n')}\n\n${END}${after}`
}
