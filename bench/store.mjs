// Measures the file store beside what others use, in one run, and prints ratios against the goals as a Markdown table.
// `node bench/store.mjs`, after `npm run build`. BENCH_TMPDIR chooses the disk.
import dotenvx from '@dotenvx/dotenvx'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import * as age from 'age-encryption'
import Conf from 'conf'
import { fileStore, generateKey } from 'latchkey'
import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = fs.mkdtempSync(join(process.env.BENCH_TMPDIR ?? tmpdir(), 'latchkey-bench-'))
const SIZES = [10, 1_000, 100_000]
const key = generateKey()
const valuesOf = (index) => ({ TOKEN: `ghp_${String(index).padStart(36, '0')}`, USERNAME: 'octocat' })
const median = (times) => times.sort((a, b) => a - b)[times.length >> 1]

/** Times each of several tasks in turn, so that all meet the same load; gives the median of each, in milliseconds. */
async function compare(rounds, tasks) {
  const times = Object.fromEntries(Object.keys(tasks).map((name) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, task] of Object.entries(tasks)) {
      const begun = performance.now()
      await task(round)
      times[name].push(performance.now() - begun)
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]))
}

/** Times many runs of something short, in slices; gives the median of a slice, in microseconds a run. */
async function compareShort(slices, runs, tasks) {
  const many = Object.entries(tasks).map(([name, task]) => [
    name,
    async () => {
      for (let run = 0; run < runs; run += 1) await task(run)
    },
  ])
  const times = await compare(slices, Object.fromEntries(many))
  return Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, (ms / runs) * 1_000]))
}

const rows = []
const row = (what, ours, beside, ratio, goal, holds) => rows.push([what, ours, beside, ratio, goal, holds])
const ms = (time) => (time < 10 ? time.toFixed(2) : time.toFixed(0)) + ' ms'
const us = (time) => time.toFixed(1) + ' µs'

for (const size of SIZES) {
  const path = join(folder, `store-${size}.latchkey`)
  const store = fileStore({ path, key })
  await Promise.all(Array.from({ length: size }, (_, index) => store.set(`secret_${index}`, valuesOf(index))))
  await store.close()

  const all = Object.fromEntries(Array.from({ length: size }, (_, index) => [`secret_${index}`, valuesOf(index)]))
  const confOptions = { cwd: folder, configName: `conf-${size}`, encryptionKey: key }
  new Conf(confOptions).store = all

  const identity = await age.generateIdentity()
  const encrypter = new age.Encrypter()
  encrypter.addRecipient(await age.identityToRecipient(identity))
  fs.writeFileSync(join(folder, `age-${size}`), await encrypter.encrypt(JSON.stringify(all)))

  const times = await compare(size > 1_000 ? 9 : 51, {
    ours: async () => {
      const opened = fileStore({ path, key })
      if ((await opened.get('secret_7')) === undefined) throw new Error('not there')
      await opened.close()
    },
    conf: () => {
      if (new Conf(confOptions).get('secret_7') === undefined) throw new Error('not there')
    },
    age: async () => {
      const decrypter = new age.Decrypter()
      decrypter.addIdentity(identity)
      JSON.parse(await decrypter.decrypt(fs.readFileSync(join(folder, `age-${size}`)), 'text')).secret_7.TOKEN
    },
  })
  const ratio = times.ours / times.conf
  const goal = size === 100_000 ? '<= 0.15' : ''
  const beside = `conf ${ms(times.conf)}, age ${ms(times.age)}`
  row(`open and read one of ${size}`, ms(times.ours), beside, ratio.toFixed(3), goal, goal === '' ? '' : ratio <= 0.15)

  if (size === 100_000) {
    const everything = await compare(1, {
      ours: async () => {
        const opened = fileStore({ path, key })
        await opened.getMany(Array.from({ length: size }, (_, index) => ({ name: `secret_${index}` })))
        await opened.close()
      },
    })
    const share = times.ours / everything.ours
    row('open and read one, to read all', ms(times.ours), ms(everything.ours), share.toFixed(3), '< 1', share < 1)
  }

  const warm = fileStore({ path, key })
  await warm.get('secret_7')
  const sealKey = randomBytes(32)
  const nonce = randomBytes(24)
  const data = randomBytes(96)
  const padded = Buffer.alloc(128, ' ')
  padded.write(JSON.stringify({ values: valuesOf(7) }))
  const sealed = new Map([['secret_7', xchacha20poly1305(sealKey, nonce, data).encrypt(padded)]])
  const short = await compareShort(15, 2_000, {
    ours: () => warm.get('secret_7'),
    bare: () =>
      JSON.parse(Buffer.from(xchacha20poly1305(sealKey, nonce, data).decrypt(sealed.get('secret_7'))).toString()),
  })
  const times2 = short.ours / short.bare
  row(
    `a warm read among ${size}`,
    us(short.ours),
    `Map and unseal ${us(short.bare)}`,
    times2.toFixed(2),
    '<= 40 µs or <= 2',
    short.ours <= 40 || times2 <= 2,
  )
  await warm.close()
}

const dotenvxSource =
  'HELLO="encrypted:BE9Y7LKANx77X1pv1HnEoil93fPa5c9rpL/1ps48uaRT9zM8VR6mHx9yM+HktKdsPGIZELuZ7rr2mn1gScsmWitppAgE/1lVprNYBCqiYeaTcKXjDUXU5LfsEsflnAsDhT/kWG1l"'
// The example of its own documentation.
const dotenvxKey = 'a4547dcd9d3429615a3649bb79e87edb62ee6a74b007075e9141ae44f5fb412c'
if (dotenvx.parse(dotenvxSource, { processEnv: {}, privateKey: dotenvxKey }).HELLO !== 'World')
  throw new Error('dotenvx')
const small = fileStore({ path: join(folder, 'store-10.latchkey'), key })
await small.get('secret_7')
const one = await compareShort(9, 20, {
  ours: () => small.get('secret_7'),
  dotenvx: () => dotenvx.parse(dotenvxSource, { processEnv: {}, privateKey: dotenvxKey }),
})
row('decrypt one value', us(one.ours), `dotenvx ${us(one.dotenvx)}`, (one.ours / one.dotenvx).toFixed(4), '', '')

/** What a durable write cannot do without: a temporary file, fsync, rename, fsync of the folder. */
async function bareWrite(bytes) {
  const handle = await fs.promises.open(join(folder, 'bare.tmp'), 'wx', 0o600)
  await handle.write(bytes)
  await handle.sync()
  await handle.close()
  await fs.promises.rename(join(folder, 'bare.tmp'), join(folder, 'bare'))
  const directory = await fs.promises.open(folder, 'r')
  await directory.sync()
  await directory.close()
}
function bareWriteSync(bytes) {
  const fd = fs.openSync(join(folder, 'bare.tmp'), 'wx', 0o600)
  fs.writeSync(fd, bytes)
  fs.fsyncSync(fd)
  fs.closeSync(fd)
  fs.renameSync(join(folder, 'bare.tmp'), join(folder, 'bare'))
  const directory = fs.openSync(folder, 'r')
  fs.fsyncSync(directory)
  fs.closeSync(directory)
}

for (const size of SIZES) {
  const path = join(folder, `store-${size}.latchkey`)
  const store = fileStore({ path, key })
  await store.get('secret_7')
  const bytes = fs.readFileSync(path)
  const conf = new Conf({ cwd: folder, configName: `conf-${size}`, encryptionKey: key })
  const times = await compare(size > 1_000 ? 7 : 101, {
    ours: (round) => store.set('secret_7', valuesOf(round)),
    bare: () => bareWrite(bytes),
    sync: () => bareWriteSync(bytes),
    ...(size > 1_000 ? {} : { conf: (round) => conf.set('secret_7', valuesOf(round)) }),
  })
  await store.close()
  const ratio = times.ours / times.bare
  const beside = `bare protocol ${ms(times.bare)}, synchronous ${ms(times.sync)}${times.conf ? `, conf ${ms(times.conf)} (no fsync of the folder)` : ''}`
  row(
    `one set among ${size}`,
    ms(times.ours),
    beside,
    ratio.toFixed(2),
    size === 10 ? '<= 2' : '',
    size === 10 ? ratio <= 2 : '',
  )
}

const writes = await compare(3, {
  concurrent: () =>
    Promise.all(Array.from({ length: 500 }, (_, index) => small.set(`secret_${index % 10}`, valuesOf(index)))),
  sequential: async () => {
    for (let index = 0; index < 500; index += 1) await small.set(`secret_${index % 10}`, valuesOf(index))
  },
})
const share = writes.concurrent / writes.sequential
row(
  '500 concurrent sets',
  ms(writes.concurrent),
  `500 in sequence ${ms(writes.sequential)}`,
  share.toFixed(3),
  '<= 0.1',
  share <= 0.1,
)

await small.close()
fs.rmSync(folder, { recursive: true })
const table = [['what', 'latchkey', 'beside', 'ratio', 'goal', 'holds'], Array(6).fill('---'), ...rows]
for (const cells of table)
  console.log(`| ${cells.map((cell) => (cell === true ? 'yes' : cell === false ? 'no' : cell)).join(' | ')} |`)
if (rows.some((cells) => cells[5] === false)) process.exitCode = 1
