/** Guesses what was meant by a word that was mistyped. */

/** What other programs call it. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  add: 'set',
  create: 'init',
  delete: 'rm',
  describe: 'show',
  exec: 'run',
  keys: 'recipients',
  load: 'import',
  log: 'history',
  ls: 'list',
  put: 'set',
  read: 'get',
  remove: 'rm',
  render: 'inject',
  rotate: 'rotate-key',
  save: 'export',
  validate: 'check',
  version: '--version',
  versions: 'history',
  write: 'set',
}

/** Gives the command that was most likely meant; `undefined` if none is near. */
export function nearestCommand(word: string, commands: readonly string[]): string | undefined {
  return Object.hasOwn(ELSEWHERE, word) ? ELSEWHERE[word] : nearest(word, commands)
}

/** Gives the first word of those that take the fewest changes; `undefined` if it takes more than one for each three letters, or two. */
export function nearest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined
  let fewest = Math.min(Math.ceil(word.length / 3), 2) + 1
  for (const candidate of words) {
    const changes = changesBetween(word, candidate)
    if (changes < fewest) [best, fewest] = [candidate, changes]
  }
  return best
}

/**
 * Counts the letters to add, to leave out, to change, or to swap with their neighbour: the optimal string alignment distance, by
 * its rows.
 */
function changesBetween(one: string, other: string): number {
  let before: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= other.length; column += 1) {
      const at = (line: readonly number[], index: number) => line[index] ?? Infinity
      const differs = one[row - 1] === other[column - 1] ? 0 : 1
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + differs,
        swapped ? at(before, column - 2) + 1 : Infinity,
      )
    }
    ;[before, last] = [last, current]
  }
  return last[other.length] ?? Infinity
}
