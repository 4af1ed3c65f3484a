import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
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

/** Watches all processes while `use` runs. What is there when `look` is called has been looked at when that resolves. */
async function watching(use: (look: () => Promise<void>) => Promise<void>): Promise<Watched> {
  const watch = spawn(process.execPath, [WATCH], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: watch.stdout })[Symbol.asyncIterator]()
  watch.stdin.write(`${VALUE}\n`)
  expect((await lines.next()).value).toBe('watching')
  try {
    await use(async () => {
      watch.stdin.write('look\n')
      expect((await lines.next()).value).toBe('looked')
    })
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
    // A process that opens the pipe waits until somebody else has opened it, and has looked.
    execFileSync('mkfifo', ['-m', '666', folder.at('held'), folder.at('program')])
    writeFileSync(folder.at('hold.cjs'), "process.on('exit', () => require('node:fs').readFileSync('held'))")
    const commands: readonly (readonly [string[], RunOptions?])[] = [
      [['set', 'app', 'K'], { stdin: VALUE }],
      [['get', 'app', 'K', '--reveal']],
      [['import', 'in.json']],
      [['export', '--reveal', '-o', 'out.json']],
      [['inject', '-i', 'template', '-o', 'out']],
      [['rotate-key']],
      [['doctor']],
      // Its environment is where the value is meant to be, until it has ended.
      [['run', '-s', 'app', '--', 'sh', '-c', 'read -r line < program; test -n "$K"']],
    ]
    const { seen, found } = await watching(async (look) => {
      for (const [args, options] of commands) {
        const env = { NODE_OPTIONS: `--require ${folder.at('hold.cjs')}` }
        const ended = folder.run(args, { ...options, env })
        for (const pipe of args[0] === 'run' ? ['program', 'held'] : ['held']) {
          const held = await open(folder.at(pipe), 'w')
          await look()
          await held.close()
        }
        expect(await ended).toMatchObject({ code: 0 })
      }
    })
    for (const [args] of commands) {
      expect(
        seen.some((one) => one.includes(`cli.cjs ${args.join(' ')}`)),
        args.join(' '),
      ).toBe(true)
    }
    expect(folder.read('out')).toBe(`pass=${VALUE}`)
    expect(found).toEqual([{ in: 'environment', args: 'sh -c read -r line < program; test -n "$K"' }])
  },
)

test.skipIf(!proc)('what looks at processes does find a value in arguments and in an environment', async () => {
  const { found } = await watching(async (look) => {
    const child = spawn('sh', ['-c', 'echo here; read -r line', VALUE], {
      env: { A: VALUE },
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    await look()
    child.stdin.end('\n')
    await once(child, 'close')
  })
  expect(new Set(found.map((place) => place.in))).toEqual(new Set(['arguments', 'environment']))
})
