// Shared by the benches: medians, interleaved rounds, and tables.
import { availableParallelism, cpus } from 'node:os'

/** The median of a list of numbers. */
export function median(list) {
  const sorted = [...list].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The p-th percentile of a list of numbers. */
export function percentile(list, p) {
  const sorted = [...list].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))]
}

/**
 * Times several async functions in turns, so that what else the machine does hits all of them alike.
 * Returns the median milliseconds of each, by name.
 */
export async function interleaved(tasks, { rounds, perRound = 1, pauseMs = 0 }) {
  const times = Object.fromEntries(Object.keys(tasks).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, task] of Object.entries(tasks)) {
      for (let index = 0; index < perRound; index++) {
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
        const begun = performance.now()
        await task(round * perRound + index)
        times[name].push(performance.now() - begun)
      }
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]))
}

/** Prints a Markdown table. */
export function table(head, rows) {
  console.log(`| ${head.join(' | ')} |`)
  console.log(`|${head.map(() => '---').join('|')}|`)
  for (const row of rows) console.log(`| ${row.join(' | ')} |`)
  console.log()
}

/** A number with three significant digits. */
export function short(number) {
  return Number(number.toPrecision(3)).toString()
}

/** One line about where a bench ran. */
export function machine() {
  return `Node ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? 'unknown'})`
}
