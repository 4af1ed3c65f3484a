/**
 * How long the command line takes to start, and how a long list comes: `node bench/cli.mjs`, after `npm run build`.
 *
 * Starts are taken in turns, so that what else the machine does falls on all of them alike; medians are printed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileStore } from '../dist/index.js'

const CLI = fileURLToPath(new URL('../dist/cli.cjs', import.meta.url))
const TURNS = 21
const LISTS = 3
const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]

function storeOf(count) {
  const path = join(folder, `${count}.latchkey`)
  spawnSync(process.execPath, [CLI, 'init', '--file', path])
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

try {
  const small = await filled(10)
  const starts = {
    'node -e 0': [process.execPath, '-e', '0'],
    true: ['true'],
    'latchkey --version': [process.execPath, CLI, '--version'],
    'latchkey get': [process.execPath, CLI, 'get', 'secret_1', 'GH_USERNAME', '--reveal', '--file', small],
    'latchkey list': [process.execPath, CLI, 'list', '--file', small],
    'latchkey run -- true': [process.execPath, CLI, 'run', '-s', 'secret_1', '--file', small, '--', 'true'],
    'the same, --no-mask': [process.execPath, CLI, 'run', '--no-mask', '-s', 'secret_1', '--file', small, '--', 'true'],
  }
  const times = Object.fromEntries(Object.keys(starts).map((name) => [name, []]))
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [name, [program, ...args]] of Object.entries(starts)) {
      const started = performance.now()
      const { status } = spawnSync(program, args)
      times[name].push(performance.now() - started)
      if (status !== 0) throw new Error(`${name} ended with ${status}`)
    }
  }
  const bare = median(times['node -e 0'])
  const program = median(times['true'])
  for (const [name, taken] of Object.entries(times)) {
    const own = median(taken) - (name.includes('run') || name.includes('mask') ? program : 0)
    console.log(
      `${name.padEnd(20)} ${median(taken).toFixed(1)} ms, ${(own / bare).toFixed(2)} x without the program itself`,
    )
  }
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
} finally {
  rmSync(folder, { recursive: true, force: true })
}
