/** Gives the names of secrets that can be completed. */
import { parseOptions } from '../arguments.ts'
import { FILE_OPTIONS, SCOPE_OPTION } from '../command.ts'
import { scopeOf } from '../names.ts'
import { withFileStore } from '../store.ts'

/** More than anybody looks through. */
const MOST = 1_000

/**
 * Lists the names in the store file of a command line that is being typed, if it opens without a question. Stores of other kinds
 * are not asked: a key that is pressed to save typing should reach no server.
 *
 * @param words - the command line, from `latchkey` on.
 */
export async function secretNames(words: readonly string[]): Promise<string[]> {
  if (words.some((word) => /^--(?:store(?:=|$)|passphrase$)/.test(word))) return []
  const input = parseOptions(optionsOf(words.slice(1)), { ...FILE_OPTIONS, ...SCOPE_OPTION }, '')
  const names: string[] = []
  await withFileStore(input, async (store) => {
    for await (const { name } of store.list({ scope: scopeOf(input) })) if (names.push(name) === MOST) break
  })
  return names
}

/** The options that say which store and scope, out of a line of which the rest may be anything. */
function optionsOf(words: readonly string[]): string[] {
  const known = Object.entries({ ...FILE_OPTIONS, ...SCOPE_OPTION }).filter(([, option]) => 'placeholder' in option)
  return words.flatMap((word, index) => {
    const name = known.find(([option]) => word === `--${option}` || word.startsWith(`--${option}=`))
    const next = words[index + 1]
    if (name === undefined) return []
    if (word.includes('=')) return [word]
    return next === undefined || next === '' || next.startsWith('-') ? [] : [word, next]
  })
}
