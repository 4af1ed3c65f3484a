/** The script for fish. */
import type { Kind, Words } from './words.ts'

/** Writes the script for fish 3 and later. */
export function fishScript(commands: readonly Words[]): string {
  const firsts = [...new Set(commands.map(({ name }) => name.split(' ', 1)[0] ?? ''))]
  const lines = [
    '# fish completion of latchkey; made by: latchkey completion fish',
    'complete -c latchkey -f',
    // To fish's own function of this kind, the text of an option before the command is a command.
    `function __latchkey_no_command; not __fish_seen_subcommand_from ${firsts.join(' ')}; end`,
  ]
  for (const { name, summary } of commands) {
    const [first = '', second] = name.split(' ')
    lines.push(
      second === undefined
        ? `complete -c latchkey -n __latchkey_no_command -a ${first} -d ${quoted(summary)}`
        : `complete -c latchkey -n __latchkey_no_command -a ${first}\n` +
            `complete -c latchkey -n '__fish_seen_subcommand_from ${first}' -a ${second} -d ${quoted(summary)}`,
    )
  }
  for (const { name, options, first, takesProgram } of commands) {
    const seen = name
      .split(' ')
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join('; and ')
    const start = `complete -c latchkey -n '${seen}'`
    for (const { name: option, short, takes, description } of options) {
      const letter = short === undefined ? '' : ` -s ${short}`
      lines.push(`${start} -l ${option}${letter}${takes === undefined ? '' : taking(takes)} -d ${quoted(description)}`)
    }
    if (first !== 'any') lines.push(`${start}${first === 'file' ? ' -F' : ` -a ${listed(first)}`}`)
    if (takesProgram) lines.push(`complete -c latchkey -n '${seen}; and contains -- -- (commandline -opc)' -F`)
  }
  return `${[...new Set(lines.flatMap((line) => line.split('\n')))].join('\n')}\n`
}

function taking(kind: Kind): string {
  if (kind === 'any') return ' -x'
  return kind === 'file' ? ' -r -F' : ` -x -a ${listed(kind)}`
}

function listed(kind: Exclude<Kind, 'file' | 'any'>): string {
  if (typeof kind !== 'string') return quoted(kind.join(' '))
  return quoted('(latchkey completion secrets -- (commandline -opc) 2>/dev/null </dev/null)')
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, (char) => `\\${char}`)}'`
}
