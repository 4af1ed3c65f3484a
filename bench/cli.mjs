/**
 * How long the command line takes to start, and how a long list comes: `node bench/cli.mjs`, after `npm run build`; with `starts`,
 * only the first.
 *
 * Starts are taken in turns, so that what else the machine does falls on all of them alike; medians and lower quartiles are printed.
 * Variables that change how Node starts are not passed on: with NODE_EXTRA_CA_CERTS, Node 20 takes more than twice as long, and
 * every ratio is flattered.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileStore } from '../dist/index.js'

const CLI = fileURLToPath(new URL('../dist/cli.cjs', import.meta.url))
const TURNS = 41
const LISTS = 3
const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
const quantile = (numbers, part) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length * part)]
const median = (numbers) => quantile(numbers, 0.5)
const isOfNode = (name) => /^(?:NODE_|LATCHKEY_|UV_|SSL_CERT_|OPENSSL_CONF$)/.test(name)
const leftOut = Object.keys(process.env).filter(isOfNode)
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOfNode(name)))

function storeOf(count) {
  const path = join(folder, `${count}.latchkey`)
  spawnSync(process.execPath, [CLI, 'init', '--file', path], { env })
  return { path, store: fileStore({ path, keyFile: `${path}.key` }) }
}

async function filled(count) {
  const { path, store } = storeOf(count)
  for (let at = 0; at < count; at += 25_000) {
    const part = Array.from({ length: Math.min(25_000, count - at) }, (_, n) => n + at)
    await Promise.all(part.map((n) => store.set(`secret_${n}`, { GH_ACCESS_TOKEN: `value ${n}`, GH_USERNAME: 'me' })))
  }
  await store.close()
  return path
}

/** Milliseconds until the first row and until the end, and the resident memory in MB then and after a quarter of the rows. */
async function listed(path, options) {
  const started = performance.now()
  const child = spawn(process.execPath, [CLI, 'list', '--file', path, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env,
  })
  let first
  const memories = []
  child.stdout.on('data', () => {
    first ??= performance.now() - started
    // Gone, once it has written the last of it.
    const memory = residentMb(child.pid)
    if (memory !== undefined) memories.push(memory)
  })
  await new Promise((resolve) => child.on('close', resolve))
  return {
    first,
    whole: performance.now() - started,
    memoryFirst: memories[0],
    memoryQuarter: memories[Math.floor(memories.length / 4)],
    memoryLast: memories.at(-1),
  }
}

function residentMb(pid) {
  try {
    const [, kb] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return kb === undefined ? undefined : Number(kb) / 1024
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error
    return undefined
  }
}

/** Prints what each takes, beside the least that Node takes for the same: itself, and itself and a program that it starts. */
async function starts() {
  const small = await filled(10)
  const spawns = "require('node:child_process').spawn('true', { stdio: 'inherit' })"
  const run = (...options) => [
    process.execPath,
    CLI,
    'run',
    ...options,
    '-s',
    'secret_1',
    '--file',
    small,
    '--',
    'true',
  ]
  const commands = {
    'node -e 0': [process.execPath, '-e', '0'],
    true: ['true'],
    'node, spawning true': [process.execPath, '-e', spawns],
    'the same, node:crypto': [process.execPath, '-e', `require('node:crypto'); ${spawns}`],
    'latchkey --version': [process.execPath, CLI, '--version'],
    'latchkey get': [process.execPath, CLI, 'get', 'secret_1', 'GH_USERNAME', '--reveal', '--file', small],
    'latchkey list': [process.execPath, CLI, 'list', '--file', small],
    'latchkey run --no-mask': run('--no-mask'),
    'latchkey run': run(),
  }
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]))
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [name, [program, ...args]] of Object.entries(commands)) {
      const started = performance.now()
      const { status } = spawnSync(program, args, { env })
      times[name].push(performance.now() - started)
      if (status !== 0) throw new Error(`${name} ended with ${status}`)
    }
  }
  console.log(`Node ${process.version}, without ${leftOut.join(', ') || 'any variable taken away'}`)
  for (const [name, taken] of Object.entries(times)) {
    const ratio = (part) => {
      const program = /run|spawning|crypto/.test(name) ? quantile(times['true'], part) : 0
      return ((quantile(taken, part) - program) / quantile(times['node -e 0'], part)).toFixed(2)
    }
    const [middle, lower] = [median(taken).toFixed(1), quantile(taken, 0.25).toFixed(1)]
    console.log(
      `${name.padEnd(22)} ${middle} ms (${lower}), ${ratio(0.5)} x (${ratio(0.25)}) without the program itself`,
    )
  }
}

async function lists() {
  for (const count of [1_000, 10_000, 100_000, 400_000]) {
    const path = await filled(count)
    for (const json of [[], ['--json']]) {
      const runs = []
      for (let turn = 0; turn < LISTS; turn += 1) runs.push(await listed(path, json))
      const of = (what) => median(runs.map((run) => run[what])).toFixed(0)
      console.log(
        `list of ${count} ${json.join('')}: first after ${of('first')} ms, all after ${of('whole')} ms; ${of('memoryFirst')} MB then, ${of('memoryQuarter')} MB at a quarter, ${of('memoryLast')} MB at the end`,
      )
    }
  }
}

try {
  await starts()
  if (process.argv[2] !== 'starts') await lists()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
