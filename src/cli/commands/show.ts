/** `latchkey show NAME`. */
import { answer } from '../answer.ts'
import { SCOPE_OPTION, STORE_OPTIONS } from '../command.ts'
import type { Command } from '../command.ts'
import { EXIT } from '../exit-codes.ts'
import { oneLine } from '../failure.ts'
import { infoJson, shownDate } from '../info.ts'
import { nameOf, noSecret, scopeOf } from '../names.ts'
import { output } from '../output.ts'
import { withStore } from '../store.ts'

export const show: Command = {
  summary: 'Shows a secret without its values: keys, version, date, description',
  arguments: ['NAME'],
  leavesNothing: true,
  options: { ...STORE_OPTIONS, ...SCOPE_OPTION },
  details: [
    'Each line is a word and a tab or blanks before what it tells. With --json: name, scope, keys, version, createdAt, description, and, where the store holds them, skipped: foreign key names that do not fit.',
  ],
  examples: ['latchkey show my_github_secret --scope acme/production'],
  async run(input) {
    const name = nameOf(input.arguments[0])
    const scope = scopeOf(input)
    const info = await withStore(input, async (store) => store.describe(name, { scope }))
    if (info === undefined) throw noSecret(name, scope)
    const rows: [string, string][] = [
      ['name', name],
      ['scope', scope],
      ['version', info.version],
      ['written', shownDate(info.createdAt)],
      ...(info.description === undefined ? [] : [['about', oneLine(info.description)] as [string, string]]),
      ...info.keys.map((key): [string, string] => ['key', key]),
      ...(info.skipped ?? []).map((key): [string, string] => ['skipped', oneLine(key)]),
    ]
    const lines = rows.map(([word, text]) => `${word}\t${text}`)
    if (output.isTerminal && !input.flag('json')) await output.write(await beside(rows))
    else await answer(input, infoJson(info), lines.join('\n'))
    return EXIT.ok
  },
}

/** Sets texts beside their words, as wide as the terminal. */
async function beside(rows: readonly (readonly [string, string])[]): Promise<string> {
  const { default: wrap } = await import('wrap-ansi')
  const indent = ' '.repeat(LABEL + 1)
  return rows
    .map(([word, text]) => {
      const lines = wrap(text, Math.max(output.columns - indent.length, LEAST)).replaceAll('\n', `\n${indent}`)
      return `${output.bold(word.padEnd(LABEL))} ${lines}\n`
    })
    .join('')
}

const LABEL = 8
/** However narrow a terminal is. */
const LEAST = 12
