import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { cliFolderWithStore } from '../helpers/run-cli.ts'
import type { RunOptions } from '../helpers/run-cli.ts'

const WATCH = fileURLToPath(new URL('../fixtures/cli/process-watch.mjs', import.meta.url))
const VALUE = `seen-by-nobody-${Math.random().toString(36).slice(2)}`

interface Watched {
  seen: string[]
  found: { in: string; args: string }[]
}

/** Watches all processes while `use` runs. */
async function watching(use: () => Promise<void>): Promise<Watched> {
  const watch = spawn(process.execPath, [WATCH], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: watch.stdout })[Symbol.asyncIterator]()
  watch.stdin.write(`${VALUE}\n`)
  expect((await lines.next()).value).toBe('watching')
  try {
    await use()
  } finally {
    watch.stdin.end()
  }
  return JSON.parse(String((await lines.next()).value)) as Watched
}

/** Where there is no /proc, what others see of a process is not looked at. */
const proc = existsSync('/proc/self/environ')

test.skipIf(!proc)(
  'no process has a value among its arguments, and none but the program of run in its environment',
  async () => {
    const folder = await cliFolderWithStore()
    writeFileSync(folder.at('template'), 'pass={{ SECRETS.app.K }}')
    writeFileSync(folder.at('in.json'), JSON.stringify({ two: { K: VALUE } }))
    const commands: readonly (readonly [string[], RunOptions?])[] = [
      [['set', 'app', 'K'], { stdin: VALUE }],
      [['get', 'app', 'K', '--reveal']],
      [['import', 'in.json']],
      [['export', '--reveal', '-o', 'out.json']],
      [['inject', '-i', 'template', '-o', 'out']],
      [['rotate-key']],
      [['doctor']],
      // Its environment is where the value is meant to be, until it has ended.
      [['run', '-s', 'app', '--', 'sh', '-c', 'read -r line; test -n "$K"'], { stdin: 'a line\n' }],
    ]
    const { seen, found } = await watching(async () => {
      for (const [args, options] of commands) expect(await folder.run(args, options)).toMatchObject({ code: 0 })
    })
    for (const [args] of commands) {
      expect(
        seen.some((one) => one.includes(`cli.cjs ${args.join(' ')}`)),
        args.join(' '),
      ).toBe(true)
    }
    expect(folder.read('out')).toBe(`pass=${VALUE}`)
    for (const place of found) expect(place).toEqual({ in: 'environment', args: 'sh -c read -r line; test -n "$K"' })
  },
)

test.skipIf(!proc)('what looks at processes does find a value in arguments and in an environment', async () => {
  const { found } = await watching(async () => {
    const child = spawn('sh', ['-c', 'echo here; read -r line', VALUE], {
      env: { A: VALUE },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    // Others begin and end meanwhile: after the last of them, this one was looked at.
    const after = spawn(process.execPath, ['--version'], { stdio: 'ignore' })
    await once(after, 'close')
    child.stdin.end('\n')
    await once(child, 'close')
  })
  expect(new Set(found.map((place) => place.in))).toEqual(new Set(['arguments', 'environment']))
})
