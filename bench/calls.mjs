// What a call costs, beside what it cannot be cheaper than. See bench/README.md.
import { fork } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { Tinypool } from 'tinypool'
import workerpool from 'workerpool'
import { createRegistry, memoryStore } from 'latchkey'
import { alone, first, registry, roomy, single, warm } from './fixtures/calls.mjs'
import { plot } from './fixtures/plot.mjs'
import { interleaved, machine, percentile, short, table } from './measure.mjs'

const plainPath = fileURLToPath(new URL('./fixtures/plain.mjs', import.meta.url))
const forkedPath = fileURLToPath(new URL('./fixtures/forked.mjs', import.meta.url))
const env = { PATH: process.env.PATH, API_TOKEN: 'token-for-the-bench' }
const input = { id: 7, repo: 'a/b', title: 'hello' }

const pool = (runtime, serialization) => {
  return new Tinypool({
    filename: plainPath,
    runtime,
    serialization,
    env,
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: 1e9,
  })
}
const json = pool('child_process', 'json')
const advanced = pool('child_process', 'advanced')
const threads = new Piscina({ filename: plainPath, maxThreads: 1, minThreads: 1, env })
const processes = workerpool.pool(fileURLToPath(new URL('./fixtures/workerpool.mjs', import.meta.url)), {
  workerType: 'process',
  maxWorkers: 1,
  forkOpts: { env },
})

/** Starts a process, imports the module, runs it once, and ends the process. */
function coldFork() {
  return new Promise((resolve, reject) => {
    const child = fork(forkedPath, { env, serialization: 'advanced' })
    child.once('error', reject)
    child.once('message', () => {
      resolve()
      child.kill('SIGKILL')
    })
    child.send(input)
  })
}

const warmTasks = {
  latchkey: () => alone(input),
  json: () => json.run(input),
  advanced: () => advanced.run(input),
  piscina: () => threads.run(input),
  workerpool: () => processes.exec('plain', [input]),
}
for (const task of Object.values(warmTasks)) for (let index = 0; index < 200; index++) await task()
const warmTimes = await interleaved(warmTasks, { rounds: 100, perRound: 20 })

await roomy.ready()
const firstTimes = await interleaved(
  { latchkey: (index) => first.with({ partition: `p${index}` })(input), fork: coldFork },
  { rounds: 15, pauseMs: 250 },
)
await roomy.close()
await registry.ready()
const freshTimes = await interleaved(
  { latchkey: () => warm.with({ isolation: 'call' })(input), fork: coldFork },
  { rounds: 15, pauseMs: 250 },
)

/** Calls per second of several callers, each with its own key, for a while. */
async function callsPerSecond(call, callers, forMs) {
  let calls = 0
  const end = performance.now() + forMs
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: callers }, async (_, caller) => {
      while (performance.now() < end) {
        await call(caller)
        calls++
      }
    }),
  )
  return (calls / (performance.now() - begun)) * 1000
}
const bound = Array.from({ length: 4 }, (_, index) => warm.with({ partition: `key${index}` }))
for (const call of bound) await call(input)
const four = []
const one = []
for (let round = 0; round < 5; round++) {
  one.push(await callsPerSecond(() => alone(input), 1, 600))
  four.push(await callsPerSecond((caller) => bound[caller](input), 4, 600))
}
const best = (list) => list.sort((a, b) => a - b)[2]

/** Latencies in ms, and calls per second, of 8 callers who take one of so many keys at random, on at most 4 processes. */
async function underLoad(keys, forMs) {
  const loaded = Array.from({ length: keys }, (_, index) => warm.with({ partition: `load${keys}-${index}` }))
  const latencies = []
  let state = keys
  const next = () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648
  const begun = performance.now()
  await callsPerSecond(
    async () => {
      const at = performance.now()
      await loaded[Math.floor(next() * keys)](input)
      latencies.push(performance.now() - at)
    },
    8,
    forMs,
  )
  const perSecond = (latencies.length / (performance.now() - begun)) * 1000
  return { keys, perSecond, p50: percentile(latencies, 50), p99: percentile(latencies, 99) }
}
const loads = []
for (const keys of [1, 4, 16, 64, 256]) loads.push(await underLoad(keys, 8_000))

const spread = createRegistry({ store: memoryStore({ api: { API_TOKEN: 'x', API_USER: 'y' } }) })
globalThis.gc?.()
const before = process.memoryUsage().heapUsed
for (let index = 0; index < 10_000; index++) {
  spread.register({ name: `fn_${index}`, secrets: ['api'] })(async () => index)
}
globalThis.gc?.()
const perFunction = (process.memoryUsage().heapUsed - before) / 10_000 / 1024

const floor = Math.min(warmTimes.json, warmTimes.advanced)
console.log(`${machine()}\n`)
table(
  ['', 'measured', 'goal'],
  [
    ['warm call / raw warm Tinypool child_process run', `${short(warmTimes.latchkey / floor)} x`, '<= 1.25 x'],
    [
      'first call of a new key from a spare / cold fork + import',
      `${short(firstTimes.latchkey / firstTimes.fork)} x`,
      '<= 0.1 x',
    ],
    [
      '`call` isolation, one caller pausing / cold fork + import',
      `${short(freshTimes.latchkey / freshTimes.fork)} x`,
      '<= 0.25 x',
    ],
    ['4 keys, 4 workers, 4 callers / one key, one worker (calls/s)', `${short(best(four) / best(one))} x`, '>= 0.4 x'],
    ['added memory in the parent per registered function', `${short(perFunction)} KB`, '<= 4 KB'],
  ],
)
table(
  ['one warm call, median', 'ms', '/ latchkey'],
  Object.entries({
    latchkey: warmTimes.latchkey,
    'raw Tinypool, child_process, json': warmTimes.json,
    'raw Tinypool, child_process, advanced': warmTimes.advanced,
    'piscina (threads: no environment of their own process)': warmTimes.piscina,
    'workerpool (processes)': warmTimes.workerpool,
    'cold fork + import': firstTimes.fork,
  }).map(([name, ms]) => [name, short(ms), `${short(ms / warmTimes.latchkey)} x`]),
)

table(
  ['keys (8 callers, each call a key at random, maxProcesses 4)', 'calls/s', 'p50, ms', 'p99, ms'],
  loads.map(({ keys, perSecond, p50, p99 }) => [keys, short(perSecond), short(p50), short(p99)]),
)
writeFileSync(
  new URL('calls.svg', import.meta.url),
  plot({
    title: `8 callers on at most 4 processes, Node ${process.versions.node.split('.')[0]}`,
    xLabel: 'worker keys',
    xs: loads.map(({ keys }) => keys),
    lines: [
      { name: 'calls per second', values: loads.map(({ perSecond }) => perSecond) },
      { name: 'p50, ms', values: loads.map(({ p50 }) => p50) },
      { name: 'p99, ms', values: loads.map(({ p99 }) => p99) },
    ],
  }),
)

await Promise.all([
  registry.close(),
  single.close(),
  spread.close(),
  json.destroy(),
  advanced.destroy(),
  threads.destroy(),
  processes.terminate(),
])
