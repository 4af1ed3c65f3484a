/**
 * Aligned columns that fit a terminal, row by row: a long table begins to print before all of it is known, and needs no memory
 * for what was printed.
 */
import type { Input } from './command.ts'
import { oneLine } from './failure.ts'
import { output } from './output.ts'

/** So many rows are waited for, to see how wide the columns are. */
const SAMPLE = 200
const GAP = '  '
/** What the last column needs at least; on a narrower terminal each cell goes on a line of its own. */
const LEAST = 12
/** So much is written at once. */
const CHUNK = 16_384

/** A table that is being written. */
interface Table {
  /** Adds a row; gives the text to write now, if any. */
  add(row: readonly string[]): string
  /** Gives what is left to write. */
  end(): string
}

/** How an item becomes a row, and how it becomes JSON. */
export interface Rows<Item> {
  readonly cells: (item: Item) => readonly string[]
  readonly json: (item: Item) => object
}

/**
 * Prints items as they come: as a table on a terminal, otherwise with tabs between cells, or with `--json` as an object on each
 * line. What would move the cursor or end a cell is escaped. Ends when nobody reads any more.
 *
 * @param last - what becomes of a last cell that is wider than the terminal: it is cut, or goes on in the next line.
 * @returns how many items there were.
 */
export async function printRows<Item>(
  input: Input,
  heading: readonly string[],
  items: AsyncIterable<Item> | Iterable<Item>,
  { cells, json }: Rows<Item>,
  last: 'cut' | 'whole' = 'cut',
): Promise<number> {
  const layout = input.flag('json') ? undefined : output.isTerminal ? await terminalTable(heading, last) : tabs()
  let count = 0
  let waiting = ''
  for await (const item of items) {
    count += 1
    waiting += layout === undefined ? `${JSON.stringify(json(item))}\n` : layout.add(cells(item).map(oneLine))
    if (waiting.length < CHUNK) continue
    if (!(await output.write(waiting))) return count
    waiting = ''
  }
  waiting += layout?.end() ?? ''
  if (waiting !== '') await output.write(waiting)
  return count
}

async function terminalTable(heading: readonly string[], last: 'cut' | 'whole'): Promise<Table> {
  const { default: widthOf } = await import('string-width')
  const bold = (text: string) => output.bold(text)
  if (last === 'cut')
    return table(heading, output.columns, { widthOf, bold, fit: (text, room) => [cut(text, room, widthOf)], last })
  const { default: wrap } = await import('wrap-ansi')
  return table(heading, output.columns, { widthOf, bold, fit: (text, room) => wrap(text, room).split('\n'), last })
}

function tabs(): Table {
  return { add: (row) => `${row.join('\t')}\n`, end: () => '' }
}

/** How a terminal shows text. */
interface Typesetting {
  /** How many columns a text takes. */
  readonly widthOf: (text: string) => number
  readonly bold: (text: string) => string
  /** Makes lines of a last cell that has so much room: one that is cut, or as many as it needs. */
  readonly fit: (text: string, room: number) => readonly string[]
  /** What `fit` does of these. */
  readonly last: 'cut' | 'whole'
}

/**
 * Makes a table. The last column ends where the terminal does; the others are never cut, for half a name is none. Where too
 * little would be left of the last column, each row becomes a paragraph: its first cell, and under it the others by name.
 *
 * @param columns - the width of the terminal.
 */
function table(heading: readonly string[], columns: number, { widthOf, bold, fit, last }: Typesetting): Table {
  const waiting: (readonly string[])[] = []
  let layout: ((row: readonly string[]) => string) | undefined

  const padded = (text: string, width: number) => text + ' '.repeat(Math.max(width - widthOf(text), 0))
  const line = (row: readonly string[], widths: readonly number[]): string => {
    const start = row
      .slice(0, -1)
      .map((cell, index) => padded(cell, widths[index] ?? 0) + GAP)
      .join('')
    const room = Math.max(columns - widthOf(start), LEAST)
    return start + fit(row.at(-1) ?? '', room).join(`\n${' '.repeat(widthOf(start))}`)
  }
  const labels = Math.max(...heading.map(widthOf)) + 1
  const room = Math.max(columns - GAP.length - labels, LEAST)
  const indented = (text: string): string => fit(text, room).join(`\n${' '.repeat(GAP.length + labels)}`)
  const paragraph = ([first = '', ...others]: readonly string[]): string => {
    const rows = others.map((cell, index) => {
      // What has a paragraph for itself is cut nowhere.
      const text = last === 'whole' ? indented(cell) : cell
      return `${GAP}${padded(heading[index + 1] ?? '', labels)}${text}\n`
    })
    return `${bold(first)}\n${rows.join('')}`
  }
  const flush = (): string => {
    const rows = waiting.splice(0)
    const widths = heading.map((name, index) =>
      Math.max(...[heading, ...rows].map((row) => widthOf(row[index] ?? name))),
    )
    const before = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP.length, 0)
    const fits = before + Math.min(widths.at(-1) ?? 0, LEAST) <= columns
    layout = fits ? (row) => `${line(row, widths)}\n` : paragraph
    return (fits ? `${bold(line(heading, widths))}\n` : '') + rows.map(layout).join('')
  }
  return {
    add(row) {
      if (layout !== undefined) return layout(row)
      waiting.push(row)
      return waiting.length < SAMPLE ? '' : flush()
    },
    end: () => (layout === undefined && waiting.length > 0 ? flush() : ''),
  }
}

/** Cuts a text to so many columns, with `...` at its end. */
function cut(text: string, room: number, widthOf: (text: string) => number): string {
  if (widthOf(text) <= room) return text
  let kept = ''
  let width = 0
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    width += widthOf(segment)
    if (width > room - 3) break
    kept += segment
  }
  return `${kept}...`
}
