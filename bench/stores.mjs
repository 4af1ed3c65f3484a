// Measures what a store costs beside the same read without it, in one run, and prints ratios against the goals.
// `node bench/stores.mjs`, after `npm run build`. To add a store: one more function in STORES, which gives its rows.
import { cachedStore, chainStore, fileStore, generateKey, memoryStore, scopedStore } from 'latchkey'
import { directoryStore } from 'latchkey/stores/directory'
import { vaultStore } from 'latchkey/stores/vault'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ENGINES } from './fixtures/engines.mjs'
import { interleaved, machine, short, table } from './measure.mjs'

const folder = fs.mkdtempSync(join(process.env.BENCH_TMPDIR ?? tmpdir(), 'latchkey-bench-'))
const SCOPE = 'acme/production'
const NAMES = Array.from({ length: 1_000 }, (_, index) => `secret_${index}`)
const VALUES = { TOKEN: 'ghp_000000000000000000000000000000000007', USERNAME: 'octocat' }

async function filled(store, scopes = ['default', SCOPE]) {
  for (const scope of scopes) await Promise.all(NAMES.map((name) => store.set(name, VALUES, { scope })))
  return store
}

/**
 * What each store is measured by. A row: `what` is read, by `ours` and, without the store, by `bare` (`beside` says what that is);
 * `goal` is the most that the ratio may be; `runs` are made in a slice, of which the median counts; `close` puts away.
 */
const STORES = {
  async cached() {
    const inner = await filled(memoryStore())
    const store = cachedStore(inner)
    const map = new Map()
    for (const name of NAMES) map.set(name, await store.get(name))
    for (const name of NAMES) await store.get(name, { scope: SCOPE })
    const lookUp = async (name) => map.get(name)
    const lookedUp = 'an async function with one Map lookup'
    const runs = 1_000
    return [
      { what: 'cached: a hit', ours: (name) => store.get(name), bare: lookUp, beside: lookedUp, goal: 2, runs },
      {
        ...{ what: 'cached: a hit, with a scope', beside: lookedUp, goal: 2, runs },
        ours: (name) => store.get(name, { scope: SCOPE }),
        bare: lookUp,
      },
      {
        ...{ what: 'cached: a hit by getMany, with keys', beside: 'the memory store', runs },
        ours: (name) => store.getMany([{ name, keys: ['TOKEN'] }]),
        bare: (name) => inner.getMany([{ name, keys: ['TOKEN'] }]),
        close: () => store.close(),
      },
    ]
  },

  async chain() {
    const file = await filled(fileStore({ path: join(folder, 'chain.latchkey'), key: generateKey() }))
    const memory = await filled(memoryStore())
    const runs = 20
    return [
      {
        ...{ what: 'chain of an empty memory store and a file', beside: 'the file store', goal: 1.3, runs },
        ours: (
          (store) => (name) =>
            store.get(name)
        )(chainStore([memoryStore(), file])),
        bare: (name) => file.get(name),
      },
      {
        ...{ what: 'chain of one memory store', beside: 'the memory store', runs: 500 },
        ours: (
          (store) => (name) =>
            store.get(name)
        )(chainStore([memory])),
        bare: (name) => memory.get(name),
        close: () => file.close(),
      },
    ]
  },

  async scoped() {
    const file = await filled(fileStore({ path: join(folder, 'scoped.latchkey'), key: generateKey() }))
    const memory = await filled(memoryStore())
    const runs = 20
    return [
      {
        ...{ what: 'scoped view of a file', beside: 'the file store', goal: 1.3, runs },
        ours: (
          (store) => (name) =>
            store.get(name, { scope: 'production' })
        )(scopedStore(file, 'acme')),
        bare: (name) => file.get(name, { scope: SCOPE }),
      },
      {
        ...{ what: 'scoped view of a memory store', beside: 'the memory store', runs: 500 },
        ours: (
          (store) => (name) =>
            store.get(name, { scope: 'production' })
        )(scopedStore(memory, 'acme')),
        bare: (name) => memory.get(name, { scope: SCOPE }),
        close: () => file.close(),
      },
    ]
  },

  async directory() {
    const path = join(folder, 'mounted')
    for (const name of NAMES) {
      const volume = join(path, name)
      fs.mkdirSync(join(volume, '..2026'), { recursive: true })
      fs.symlinkSync('..2026', join(volume, '..data'))
      for (const [key, value] of Object.entries(VALUES)) {
        fs.writeFileSync(join(volume, '..2026', key), value)
        fs.symlinkSync(join('..data', key), join(volume, key))
      }
    }
    const store = directoryStore({ path })
    const pinned = async (name) => {
      const data = join(path, name, await fs.promises.readlink(join(path, name, '..data')))
      const keys = await fs.promises.readdir(data)
      const read = keys.map(async (key) => [key, await fs.promises.readFile(join(data, key), 'utf8')])
      return Object.fromEntries(await Promise.all(read))
    }
    return [
      {
        ...{ what: 'directory: a volume of two keys', beside: 'the same reads by fs.promises', goal: 1.3, runs: 20 },
        ours: (name) => store.get(name),
        bare: pinned,
        close: () => store.close(),
      },
    ]
  },

  async vault() {
    const server = fork(new URL('fixtures/vault-server.mjs', import.meta.url))
    const [address] = await once(server, 'message')
    const store = vaultStore({ address, token: 'bench' })
    const headers = { 'x-vault-token': 'bench' }
    const bare = async (name) => {
      const answer = await fetch(`${address}/v1/secret/data/${name}`, { headers })
      return JSON.parse(await answer.text()).data.data
    }
    return [
      {
        ...{ what: 'vault: a read', beside: 'fetch and JSON.parse', goal: 1.3, runs: 5 },
        ours: (name) => store.get(name),
        bare,
        close: async () => {
          await store.close()
          server.disconnect()
        },
      },
    ]
  },

  ...Object.fromEntries(Object.entries(ENGINES).map(([name, open]) => [name, () => engineRows(name, open)])),
}

/** How many secrets a batch reads. */
const BATCH = 50

/** A store on an engine beside the same reads by the client that it uses. */
async function engineRows(name, open) {
  const engine = await open(NAMES)
  if (engine === undefined) {
    console.error(`${name}: not here, and not measured`)
    return []
  }
  const { store, unsealed, prepared, bare, barePrepared, bareMany, client, close } = engine
  const batch = (first) =>
    Array.from({ length: BATCH }, (_, index) => NAMES[(NAMES.indexOf(first) + index) % NAMES.length])
  const read = { bare, beside: client, runs: 5 }
  return [
    { what: `${name}: a read`, ours: (first) => store.get(first), goal: 1.3, ...read },
    ...(unsealed ? [{ what: `${name}: a read, plaintext: true`, ours: (first) => unsealed.get(first), ...read }] : []),
    ...(prepared
      ? [
          {
            ...{ what: `${name}: a read, prepare: true`, beside: `${client}, prepared`, goal: 1.3, runs: 5 },
            ours: (first) => prepared.get(first),
            bare: barePrepared,
          },
        ]
      : []),
    {
      ...{ what: `${name}: ${BATCH} secrets by getMany`, beside: `${client}, in one batch`, runs: 1 },
      ours: (first) => store.getMany(batch(first).map((name) => ({ name }))),
      bare: (first) => bareMany(batch(first)),
      close,
    },
  ]
}

/** Makes a task of many runs, each of another secret. */
const many = (runs, read) => async (round) => {
  for (let run = 0; run < runs; run += 1) {
    if ((await read(NAMES[(round * runs + run) % NAMES.length])) === undefined) throw new Error('not there')
  }
}

const rows = []
let missed = 0
const asked = process.argv.slice(2)
for (const [name, make] of Object.entries(STORES)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  const measured = await make()
  for (const { what, ours, bare, beside, goal, runs } of measured) {
    const tasks = { ours: many(runs, ours), bare: many(runs, bare) }
    // Short slices and many: one that another program interrupts is no median.
    await interleaved(tasks, { rounds: 100 })
    const times = await interleaved(tasks, { rounds: 501 })
    const ratio = times.ours / times.bare
    const each = (ms) => `${short((ms / runs) * 1_000)} µs`
    if (ratio > goal) missed += 1
    const cells = goal === undefined ? ['', ''] : [`<= ${goal} x`, ratio <= goal ? 'yes' : 'no']
    rows.push([what, each(times.ours), `${beside} ${each(times.bare)}`, `${short(ratio)} x`, ...cells])
  }
  for (const { close } of measured) await close?.()
}
fs.rmSync(folder, { recursive: true })
console.log(`${machine()}\n`)
table(['one read', 'latchkey', 'beside', 'ratio', 'goal', 'holds'], rows)
if (missed > 0) process.exitCode = 1
