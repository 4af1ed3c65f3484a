// Runs every bench of this folder, one after another: node --expose-gc bench/run.mjs
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
/** What is no bench: what they share, this file, and the soak, which takes a quarter of an hour. */
const OTHERS = ['measure.mjs', 'run.mjs', 'soak.mjs']

for (const name of readdirSync(folder).sort()) {
  if (!name.endsWith('.mjs') || OTHERS.includes(name)) continue
  console.log(`## ${name}\n`)
  const { status, signal } = spawnSync(process.execPath, ['--expose-gc', folder + name], { stdio: 'inherit' })
  if (status !== 0) {
    console.error(`${name} ended with ${signal ?? status}`)
    process.exitCode = 1
  }
}
