/** Aligned columns that fit a terminal, row by row: a long table begins to print before all of it is known. */

/** So many rows are waited for, to see how wide the columns are. */
const SAMPLE = 200
const GAP = '  '
/** What the last column keeps, however narrow the terminal is. */
const LEAST = 8

/** A table that is being written. */
export interface Table {
  /** Adds a row; gives the text to write now, if any. */
  add(row: readonly string[]): string
  /** Gives what is left to write. */
  end(): string
}

/**
 * Makes a table. The last column is cut where the terminal ends; the others are never cut, for half a name is none.
 *
 * @param columns - the width of the terminal.
 */
export function table(heading: readonly string[], columns: number): Table {
  const waiting: (readonly string[])[] = []
  let widths: number[] | undefined

  const line = (row: readonly string[], known: readonly number[]): string => {
    const before = row.slice(0, -1).map((cell, index) => cell.padEnd(known[index] ?? 0) + GAP)
    const start = before.join('')
    const room = Math.max(columns - start.length, LEAST)
    const last = row.at(-1) ?? ''
    return `${start}${last.length > room ? `${last.slice(0, room - 3)}...` : last}\n`
  }
  const flush = (): string => {
    const rows = [heading, ...waiting.splice(0)]
    const known = heading.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)))
    widths = known
    return rows.map((row) => line(row, known)).join('')
  }
  return {
    add(row) {
      if (widths !== undefined) return line(row, widths)
      waiting.push(row)
      return waiting.length < SAMPLE ? '' : flush()
    },
    end: () => (widths === undefined && waiting.length > 0 ? flush() : ''),
  }
}
