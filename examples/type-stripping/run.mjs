/** Runs main.ts in both ways, where this Node knows both. */
import { spawnSync } from 'node:child_process'
import { strict as assert } from 'node:assert'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

assert.equal(run(['--import', import.meta.resolve('tsx'), main]), 'hello, made-up-octocat, from a child, by tsx\n')

// 22.18, 24 and later strip types by themselves; Node 20 does not.
if (process.features.typescript) {
  assert.equal(run([main]), 'hello, made-up-octocat, from a child, by Node alone\n')
} else {
  console.log(`\nNode ${process.versions.node} does not strip types: 22.18 and later do, without tsx.`)
}

function run(args) {
  console.log(`\n$ node ${args.length === 1 ? '' : '--import tsx '}main.ts`)
  const { status, stdout, error } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (error !== undefined) throw error
  process.stdout.write(stdout)
  assert.equal(status, 0)
  return stdout
}
