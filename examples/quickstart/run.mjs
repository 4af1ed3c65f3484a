/**
 * Does what a person would: makes a store with the command line, puts secrets into it, and runs the program in the folder where
 * the store is. `node run.mjs` starts anew each time; the folder .data is left to look at.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.data', import.meta.url))
const main = fileURLToPath(new URL('main.ts', import.meta.url))
const cli = fileURLToPath(new URL('dist/cli.cjs', import.meta.resolve('latchkey/package.json')))

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)

latchkey(['init'])
// Made-up values. They go through stdin: arguments can be seen by others.
latchkey(['set', 'my_datadog_secret', 'DATADOG_API_KEY'], 'made-up-datadog-key')
latchkey(['set', 'my_github_secret', 'GH_ACCESS_TOKEN'], 'made-up-github-token')
latchkey(['set', 'my_github_secret', 'GH_USERNAME'], 'made-up-octocat')
latchkey(['list'])

console.log('\n$ node --import tsx main.ts')
run(['--import', import.meta.resolve('tsx'), main])

function latchkey(args, value = '') {
  console.log(`\n$ latchkey ${args.join(' ')}`)
  run([cli, ...args], value)
}

function run(args, input = '') {
  const env = { ...process.env }
  // The key of another store is none of this one's.
  delete env.LATCHKEY_KEY
  delete env.LATCHKEY_KEY_FILE
  const { status, error } = spawnSync(process.execPath, args, {
    cwd: folder,
    env,
    input,
    stdio: ['pipe', 'inherit', 'inherit'],
  })
  if (error !== undefined) throw error
  if (status !== 0) process.exit(status ?? 1)
}
