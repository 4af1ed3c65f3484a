// How many reads of a store a second so many readers make at once, with a cache before the store and without. Prints a table, and
// draws readers.svg if it is told to: `node bench/readers.mjs [--plot]`, after `npm run build`. See bench/stores.md.
import { writeFileSync } from 'node:fs'
import { cachedStore } from 'latchkey'
import { ENGINES } from './fixtures/engines.mjs'
import { plot } from './fixtures/plot.mjs'
import { machine, median, short, table } from './measure.mjs'

const READERS = [1, 2, 4, 8, 16, 32, 64]
const NAMES = Array.from({ length: 1_000 }, (_, index) => `secret_${index}`)
const ROUNDS = 5
const SLICE_MS = 200

/** Reads a second of so many readers, each of which begins its next read when its last one has ended. */
async function readsPerSecond(read, readers) {
  let reads = 0
  const begun = performance.now()
  const end = begun + SLICE_MS
  await Promise.all(
    Array.from({ length: readers }, async () => {
      // A cached read is no turn of the loop; the clock is asked now and then, as it costs as much as such a read.
      while (performance.now() < end) for (let run = 0; run < 20; run += 1) await read(NAMES[reads++ % NAMES.length])
    }),
  )
  return (reads / (performance.now() - begun)) * 1_000
}

const lines = []
for (const name of ['postgres', 'redis', 'etcd']) {
  const engine = await ENGINES[name](NAMES)
  if (engine === undefined) {
    console.error(`${name}: not here, and not measured`)
    continue
  }
  const cached = cachedStore(engine.store)
  for (const secret of NAMES) await cached.get(secret)
  const tasks = {
    [`${name}, its client alone`]: engine.bare,
    [name]: (secret) => engine.store.get(secret),
    [`${name}, cached`]: (secret) => cached.get(secret),
  }
  const measured = Object.keys(tasks).map((task) => ({ name: task, values: [] }))
  for (const readers of READERS) {
    const rounds = measured.map(() => [])
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, task] of Object.values(tasks).entries())
        rounds[index].push(await readsPerSecond(task, readers))
    }
    for (const [index, line] of measured.entries()) line.values.push(median(rounds[index]))
  }
  lines.push(...measured)
  await cached.close()
  await engine.close()
}

console.log(`${machine()}\n`)
table(
  ['reads a second, by readers', ...READERS],
  lines.map(({ name, values }) => [name, ...values.map((value) => short(value))]),
)
if (process.argv.includes('--plot')) {
  const drawn = lines.filter(({ name }) => !name.includes('alone'))
  const title = 'Reads a second against concurrent readers'
  writeFileSync(new URL('readers.svg', import.meta.url), plot({ title, xLabel: 'readers', xs: READERS, lines: drawn }))
}
