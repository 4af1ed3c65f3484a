// Many calls over many worker keys, with aborts, crashes and rotations at random; then nothing may be left over.
// node bench/soak.mjs [calls] [seed]; exits 1 on a breach. See bench/soak.md.
import { readdirSync, readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createRegistry, isLatchkeyError } from 'latchkey'
import * as fixture from './fixtures/soak.mjs'
import { machine, table } from './measure.mjs'

const CALLS = Number(process.argv[2] ?? 100_000)
const SEED = Number(process.argv[3] ?? 1)
const KEYS = 200
const CALLERS = 12
/** How much more heap the parent may hold at the end than after the first fifth, in MB. */
const HEAP_MB = 4
const SOAK = new URL('./fixtures/soak.mjs', import.meta.url)

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

/** A small generator of numbers from 0 to 1, so that a run can be repeated (mulberry32). */
function random(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

function processes() {
  const below = new Map()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [, state, parent] = /^\d+ \(.*\) (\S) (\d+) /s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
      if (state !== 'Z') below.set(Number(pid), Number(parent))
    } catch (error) {
      if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error
    }
  }
  return below
}

/** What could be left over. */
function counted() {
  const listeners = (emitter) => emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0)
  const resources = process.getActiveResourcesInfo()
  const all = processes()
  return {
    children: [...all.values()].filter((parent) => parent === process.pid).length,
    descriptors: readdirSync('/proc/self/fd').length,
    timers: resources.filter((name) => ['Timeout', 'Immediate'].includes(name)).length,
    'other active resources': resources.filter((name) => !['Timeout', 'Immediate'].includes(name)).length,
    'listeners of process': listeners(process),
    'listeners of stdout and stderr': listeners(process.stdout) + listeners(process.stderr),
  }
}

function heapMb() {
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
}

/** Waits without a timer, which would be counted: what has ended is told in a later turn of the loop. */
async function turns() {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const breaches = []
const unhandled = []
process.on('unhandledRejection', (error) => unhandled.push(error))
process.on('uncaughtException', (error) => unhandled.push(error))
// Streams are set up when they are first touched.
process.stdout.write('')
process.stderr.write('')
const marked = () => {
  const pids = [...processes().keys()].filter((pid) => pid !== process.pid)
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes('LATCHKEY_WORKER=')
    } catch (error) {
      if (!['ENOENT', 'ESRCH', 'EACCES'].includes(error.code)) throw error
      return false
    }
  })
}
const strangers = new Set(marked())
// What Node opens once and keeps, when it first starts a process, is no leak.
const first = createRegistry({ store: fixture.store, onLog: false })
await first.register({ name: 'answer', secrets: ['api'], module: SOAK })(async () => 0)()
await first.close()
await turns()
const before = counted()

const seen = {
  begun: 0,
  settled: 0,
  answered: 0,
  failed: 0,
  crashed: 0,
  aborted: 0,
  rotations: 0,
  written: 0,
  started: 0,
}
const tokens = new Set(['token-of-version-0'])
const heaps = []
const breach = (what) => {
  if (breaches.length < 20) breaches.push(what)
}

async function outcome(promise) {
  seen.begun++
  try {
    return { value: await promise }
  } catch (error) {
    return { error }
  } finally {
    seen.settled++
    if (seen.settled % Math.ceil(CALLS / 20) === 0) {
      heaps.push(heapMb())
      process.stderr.write(`${seen.settled} calls\n`)
    }
  }
}

/** One call of a kind chosen at random, and whether it ended as it should. */
async function one(next, partition) {
  const number = seen.begun
  const with_ = (fn, more) => fn.with({ partition, ...more })
  const kind = next()
  if (kind < 0.005) {
    const way = ['exit', 'SIGKILL', 'SIGSEGV'][Math.floor(next() * 3)]
    const { error } = await outcome(with_(fixture.crash)(way))
    if (!isLatchkeyError(error, 'WORKER_CRASHED')) breach(`a crash by ${way} ended as ${String(error)}`)
    seen.crashed++
  } else if (kind < 0.025) {
    const reason = { number }
    const controller = new AbortController()
    const fn = next() < 0.7 ? fixture.hang : next() < 0.7 ? fixture.answer : fixture.spin
    const timer = setTimeout(() => controller.abort(reason), next() * 40)
    const { value, error } = await outcome(with_(fn, { signal: controller.signal })(number))
    clearTimeout(timer)
    if (error !== reason && (value?.number !== number || fn !== fixture.answer)) breach(`an abort: ${String(error)}`)
    seen.aborted++
  } else if (kind < 0.035) {
    const { error } = await outcome(with_(fixture.fail)(number))
    if (error?.number !== number) breach(`a failure ended as ${String(error)}`)
    seen.failed++
  } else if (kind < 0.045) {
    const { value, error } = await outcome(with_(fixture.write)(number))
    if (value?.number !== number) breach(`a writer ended as ${String(error)}`)
    seen.written++
  } else if (kind < 0.047) {
    const { value, error } = await outcome(with_(fixture.start)(number))
    if (value?.number !== number) breach(`a starter of processes ended as ${String(error)}`)
    seen.started++
  } else {
    const isolation = next() < 0.005 ? 'call' : 'warm'
    const { value, error } = await outcome(with_(fixture.answer, { isolation })(number))
    if (value?.number !== number || value.partition !== partition || !tokens.has(value.token)) {
      breach(`call ${number} for ${partition} ended as ${JSON.stringify(value)} ${String(error)}`)
    }
    seen.answered++
  }
}

async function caller(index) {
  const next = random(SEED * 1_000 + index)
  while (seen.begun < CALLS) {
    const partition = `key${Math.floor(next() * KEYS)}`
    for (let left = 10 + Math.floor(next() * 50); left > 0 && seen.begun < CALLS; left--) {
      await one(next, partition)
      if (next() < 0.001) {
        const token = `token-of-version-${++seen.rotations}`
        tokens.add(token)
        await fixture.store.set('api', { API_TOKEN: token })
      }
    }
  }
}

const begun = performance.now()
await Promise.all(Array.from({ length: CALLERS }, (_, index) => caller(index)))
const seconds = (performance.now() - begun) / 1000
await fixture.registry.close()
await turns()
const after = counted()
const left = marked().filter((pid) => !strangers.has(pid))

const fifth = heaps.slice(3, 6)
const growth = Math.max(0, Math.min(...heaps.slice(-3)) - Math.max(...fifth))
for (const [what, count] of Object.entries(before)) {
  if (after[what] > count) breach(`${what}: ${count} at the start, ${after[what]} at the end`)
}
if (left.length > 0) breach(`${left.length} processes that functions had started are left`)
if (unhandled.length > 0) breach(`${unhandled.length} unhandled, the first: ${String(unhandled[0])}`)
if (seen.begun !== seen.settled) breach(`${seen.begun} calls begun, ${seen.settled} settled`)
if (growth > HEAP_MB) breach(`the heap grew by ${growth.toFixed(1)} MB`)

console.log(`${machine()}; ${CALLS} calls, ${KEYS} worker keys, ${CALLERS} callers, seed ${SEED}\n`)
table(
  ['', ''],
  [
    ['seconds', seconds.toFixed(0)],
    ['calls per second', (seen.settled / seconds).toFixed(0)],
    ...Object.entries(seen),
    ['heap after the first fifth, MB', Math.max(...fifth).toFixed(1)],
    ['heap at the end, MB', Math.min(...heaps.slice(-3)).toFixed(1)],
    ['unhandled rejections and exceptions', unhandled.length],
    ['processes left that functions had started', left.length],
  ],
)
table(
  ['left over', 'at the start', 'at the end'],
  Object.entries(before).map(([what, count]) => [what, count, after[what]]),
)
for (const found of breaches) console.log(`breach: ${found}`)
process.exitCode = breaches.length === 0 ? 0 : 1
