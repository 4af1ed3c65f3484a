/**
 * How long the command line takes to start, and how a long list comes: `node bench/cli.mjs`, after `npm run build`.
 *
 * Starts are taken in turns, so that what else the machine does falls on all of them alike; medians are printed.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fileStore } from '../dist/index.js'

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const TURNS = 21
const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]

function storeOf(count) {
  const path = join(folder, `${count}.latchkey`)
  spawnSync(process.execPath, [CLI, 'init', '--file', path])
  return { path, store: fileStore({ path, keyFile: `${path}.key` }) }
}

async function filled(count) {
  const { path, store } = storeOf(count)
  for (let at = 0; at < count; at += 5_000) {
    const part = Array.from({ length: Math.min(5_000, count - at) }, (_, n) => n + at)
    await Promise.all(part.map((n) => store.set(`secret_${n}`, { GH_ACCESS_TOKEN: `value ${n}`, GH_USERNAME: 'me' })))
  }
  await store.close()
  return path
}

/** Milliseconds until the first byte and until the end, and the largest resident memory in MB. */
async function listed(path) {
  const report = "process.on('exit', () => process.stderr.write(String(process.resourceUsage().maxRSS)))"
  const started = performance.now()
  const preload = `data:text/javascript,${encodeURIComponent(report)}`
  const child = spawn(process.execPath, ['--import', preload, CLI, 'list', '--file', path])
  let first
  let stderr = ''
  child.stdout.on('data', () => (first ??= performance.now() - started))
  child.stderr.on('data', (chunk) => (stderr += chunk))
  await new Promise((resolve) => child.on('close', resolve))
  return { first, whole: performance.now() - started, memory: Number(stderr) / 1024 }
}

try {
  const small = await filled(10)
  const starts = {
    'node -e 0': ['-e', '0'],
    'latchkey --version': [CLI, '--version'],
    'latchkey get': [CLI, 'get', 'secret_1', 'GH_USERNAME', '--reveal', '--file', small],
    'latchkey list': [CLI, 'list', '--file', small],
  }
  const times = Object.fromEntries(Object.keys(starts).map((name) => [name, []]))
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const [name, args] of Object.entries(starts)) {
      const started = performance.now()
      spawnSync(process.execPath, args)
      times[name].push(performance.now() - started)
    }
  }
  const bare = median(times['node -e 0'])
  for (const [name, taken] of Object.entries(times)) {
    console.log(`${name.padEnd(20)} ${median(taken).toFixed(1)} ms, ${(median(taken) / bare).toFixed(2)} x`)
  }
  for (const count of [1_000, 10_000, 100_000]) {
    const { first, whole, memory } = await listed(await filled(count))
    console.log(
      `list of ${count}: first after ${first.toFixed(0)} ms, all after ${whole.toFixed(0)} ms, ${memory.toFixed(0)} MB`,
    )
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
