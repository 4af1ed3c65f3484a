/** What docs/platforms.md says of Bun and Deno, by programs that run in each; the first run of all is in Node, which they are held to. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { describeEngine } from '../helpers/engines.ts'
import { programOnPath } from '../helpers/engines/finding.ts'
import { ROOT, run, temporaryFolder, type Ran } from '../helpers/packed-package.ts'

const FIXTURES = join(ROOT, 'test/fixtures/runtimes')
const CLI = join(ROOT, 'dist/cli.cjs')
const NAMES = ['bun', 'deno'] as const
const RUN: Readonly<Record<(typeof NAMES)[number] | 'node', readonly string[]>> = {
  node: [],
  bun: [],
  deno: ['run', '--allow-all', '--no-prompt'],
}

/** Runs a program in a runtime to its end, in a folder. */
function program(runtime: string, name: keyof typeof RUN, path: string, args: string[] = [], cwd = ROOT): Promise<Ran> {
  return run(runtime, [...RUN[name], path, ...args], cwd)
}

async function printed(runtime: string, name: keyof typeof RUN, file: string): Promise<string> {
  const { code, stdout, stderr } = await program(runtime, name, join(FIXTURES, file))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

const inNode = { library: '', stores: '' }
beforeAll(async () => {
  ;[inNode.library, inNode.stores] = await Promise.all([
    printed(process.execPath, 'node', 'library.mjs'),
    printed(process.execPath, 'node', 'stores.mjs'),
  ])
})

test('the programs find nothing wrong in Node', () => {
  const { passed, failed } = JSON.parse(inNode.stores) as { passed: Record<string, number>; failed: string[] }
  expect(failed).toEqual([])
  expect(Object.keys(passed)).toEqual(['memory', 'env', 'file', 'chain', 'cached', 'scoped', 'sealed', 'directory'])
  for (const count of Object.values(passed)) expect(count).toBeGreaterThan(100)
  expect(JSON.parse(inNode.library)).toMatchObject({
    resolved: { url: 'https://example.org/made-up-token', list: ['made-up-token', 1, null] },
    redacted: 'token=***',
    called: { token: 'made-up-token', name: 'ask', given: '2' },
    outside: null,
    thrown: 'Error: refused: ***',
    vault: 'UNAVAILABLE',
  })
})

describe.concurrent.each(NAMES)('in %s', (name) => {
  describeEngine(name, programOnPath(name), `${name} on PATH`, (runtime) => {
    test('every store that needs no other program keeps the contract', async () => {
      expect(await printed(runtime, name, 'stores.mjs')).toBe(inNode.stores)
    })

    test('templates, redaction, schemas, errors and functions that run inline do what they do in Node', async () => {
      expect(await printed(runtime, name, 'library.mjs')).toBe(inNode.library)
    })

    test('a call that needs a child process is refused with UNSUPPORTED, and no process is started', async () => {
      const title = `${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`
      const refused = `RegistrationError UNSUPPORTED Calls in child processes need Node, and this is ${title} VERSION.`
      const lines = [refused, refused, refused, refused, '0', 'inline: done', '']
      expect(await printed(runtime, name, 'calls.mjs')).toBe(lines.join('\n'))
    })

    test('the command line keeps secrets, lists them, seals them again and gives them to a program', async () => {
      const { folder, remove } = temporaryFolder()
      const cli = (...args: string[]): Promise<Ran> => program(runtime, name, CLI, args, folder)
      try {
        expect(await cli('init')).toMatchObject({ code: 0 })
        const values = join(FIXTURES, 'values.env')
        expect(await cli('import', values, 'gh')).toMatchObject({ code: 0, stderr: '' })
        expect((await cli('list')).stdout).toMatch(/^gh\t\S+\t\S+\tGH_TOKEN\n$/)
        expect(await cli('rotate-key')).toMatchObject({ code: 0 })
        const ran = await cli(
          'run',
          '-s',
          'gh',
          '--',
          'sh',
          '-c',
          'test "$GH_TOKEN" = made-up-token && echo $GH_TOKEN; exit 3',
        )
        expect(ran).toMatchObject({ code: 3, stdout: '***\n' })
        expect(readFileSync(join(folder, 'secrets.latchkey')).includes('made-up-token')).toBe(false)
      } finally {
        remove()
      }
    })
  })
})
