/** Shows how far long work is: one line on stderr that is drawn anew, and only where stderr is a terminal. */
import { columnsOf, stderr } from './output.ts'

/** A line that is being drawn. */
export interface Progress {
  /** Tells how many are done, and of how many if only now that is known. Draws at most ten times a second. */
  done(count: number, of?: number): void
  /** Takes the line away. */
  end(): void
}

const EVERY_MS = 100
const WIDEST_BAR = 30

/**
 * Begins to show progress; nothing is shown of what takes less than a moment.
 *
 * @param what - what is being done, e.g. `Importing`.
 * @param total - how many there are; left out: not known, and they are counted.
 */
export function progress(what: string, total?: number): Progress {
  const screen = stderr()
  if (!screen.isTTY || process.env['TERM'] === 'dumb') return { done: () => undefined, end: () => undefined }
  let drawn = false
  let next = performance.now() + EVERY_MS
  return {
    done(count, of = total) {
      const now = performance.now()
      if (now < next) return
      next = now + EVERY_MS
      drawn = true
      screen.write(`\r\x1b[K${progressLine(what, count, of, columnsOf(screen))}`)
    },
    end() {
      if (drawn) screen.write('\r\x1b[K')
    },
  }
}

/** Gives the line, in ASCII and shorter than the terminal is wide: one that wrapped could not be drawn over. */
export function progressLine(what: string, count: number, total: number | undefined, columns: number): string {
  const text = total === undefined ? `${what} ${count}` : `${what} ${count}/${total}`
  const room = Math.min(columns - text.length - 4, WIDEST_BAR)
  if (total === undefined || total === 0 || room < 5) return text.slice(0, columns - 1)
  const filled = Math.min(Math.floor((count / total) * room), room)
  return `${text} [${'#'.repeat(filled)}${'-'.repeat(room - filled)}]`
}
