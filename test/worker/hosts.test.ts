import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { createRegistry, memoryStore } from 'latchkey'
import { afterAll, describe, expect, test } from 'vitest'
import { HOSTS, startHost, WITHOUT_TYPES } from '../helpers/host.ts'
import { isAlive, until } from '../helpers/processes.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const temp = mkdtempSync(join(tmpdir(), 'latchkey-hosts-'))
afterAll(() => {
  rmSync(temp, { recursive: true })
})

async function output(args: readonly string[], options?: Parameters<typeof startHost>[1]): Promise<string> {
  const { stdout, stderr } = await startHost(args, options).ended
  return stdout === '' ? stderr : stdout
}

describe('a child gets nothing of its host but the allow-list', () => {
  const expected = JSON.stringify(['API_TOKEN', 'HOME', 'PATH'])

  test.each([
    ['as it is', ['environment.mjs'], {}],
    ['started with --env-file', ['--env-file=parent.env', 'environment.mjs'], {}],
    ['started with a preload that sets variables', ['--require', './preload.cjs', 'environment.mjs'], {}],
    ['with a preload in NODE_OPTIONS', ['environment.mjs'], { NODE_OPTIONS: `--require "${HOSTS}preload.cjs"` }],
    [
      'with warnings turned off in NODE_OPTIONS',
      ['environment.mjs'],
      { NODE_OPTIONS: '--no-warnings --max-old-space-size=512' },
    ],
  ])('%s', async (_how, args, env) => {
    expect(await output(args, { env })).toBe(expected)
  })
})

test.each([
  ['apart', ['--require', './marking.cjs', '--import', './marking.mjs'], {}],
  ['by =', ['--require=./marking.cjs', '--import=./marking.mjs'], {}],
  ['from the folder above', ['-r', '../hosts/marking.cjs', '--import', '../hosts/marking.mjs'], {}],
  ['in NODE_OPTIONS', [], { NODE_OPTIONS: '--require ./marking.cjs --import=./marking.mjs' }],
])(
  'flags that name files, %s, load them into children of a host that has left its folder',
  async (_how, flags, env) => {
    expect(await output([...flags, 'changes-folder.mjs'], { env })).toBe('["marking.cjs","marking.mjs"]')
  },
)

test.each([
  ['a flag', ['--frozen-intrinsics'], {}],
  ['NODE_OPTIONS', [], { NODE_OPTIONS: '--frozen-intrinsics' }],
])('a host whose intrinsics are frozen by %s runs functions that tell their module', async (_how, flags, env) => {
  const each = ['warm', 'call', 'inline'].map((isolation) => `${isolation} true RangeError: out of range`)
  expect(await output([...flags, 'frozen.mjs'], { env })).toBe([...each, 'MODULE_UNKNOWN'].join('\n'))
})

describe('the main module is refused before a child starts, and may still be called inline', () => {
  test.each([
    ['node main.mjs', ['main-registers.mjs'], {}],
    ['node ./main.mjs by another path', ['../hosts/main-registers.mjs'], {}],
    ['node --import tsx main.mjs', ['--import', 'tsx', 'main-registers.mjs'], {}],
  ])('%s', async (_how, args, env) => {
    const text = await output(args, { env })
    expect(text).toMatch(/^MAIN_MODULE 0 Move the function/)
    expect(text).toMatch(/\n1$/)
  })

  test.each(['dir', 'dir/index'])('node %s', async (path) => {
    expect(await output([path])).toBe('MAIN_MODULE')
  })

  test('by a process manager that names it in pm_exec_path', async () => {
    const container = join(temp, 'container.mjs')
    writeFileSync(container, `import(${JSON.stringify(`file://${HOSTS}main-registers.mjs`)})\n`)
    expect(await output([container], { env: { pm_exec_path: join(HOSTS, 'main-registers.mjs') } })).toMatch(
      /^MAIN_MODULE 0/,
    )
  })

  test.each([
    ['as it is', ['thread-main.mjs']],
    ['with flags and arguments', ['--import', './marking.mjs', '--no-warnings', 'thread-main.mjs', 'jobs.mjs', '-x']],
  ])('also where a thread of the program calls, started %s', async (_how, args) => {
    expect(await output(args)).toBe('MAIN_MODULE 0\n3')
  })

  test('also where the integrations import it', async () => {
    expect(await output(['cycle-main.mjs'])).toBe('MAIN_MODULE')
  })
})

describe('hosts of every kind run their functions', () => {
  test('CommonJS', async () => {
    expect(await output(['common.cjs'])).toBe(JSON.stringify(['API_TOKEN', 'HOME', 'PATH']))
  })

  test('TypeScript under tsx, with stack traces that point into the source', async () => {
    const text = await output(['--import', 'tsx', 'typed.ts'])
    expect(text).toMatch(/"API_TOKEN".*"done"\]\ntyped-jobs\.ts:12$/)
  })

  test("TypeScript, by Node's own type stripping where Node has it, else by tsx from the module's folder", async () => {
    const strips = (process.features as { typescript?: unknown }).typescript
    const args = strips === undefined || strips === false ? ['--import', 'tsx', 'typed.ts'] : ['typed.ts']
    expect(await output(args)).toMatch(/"API_TOKEN".*"done"\]\ntyped-jobs\.ts:12$/)
  })

  test("TypeScript that the host does not load itself, by tsx from the module's folder if need be", async () => {
    expect(await output(['untyped.mjs'])).toContain('API_TOKEN')
  })

  test('in a folder whose path has blanks, #, %, ? and letters beyond ASCII, by way of a symlink', async () => {
    const folder = join(temp, 'a b #1 100% ?x äöü')
    const installed = join(folder, 'node_modules')
    mkdirSync(installed, { recursive: true })
    symlinkSync(root, join(installed, 'latchkey'))
    for (const file of ['jobs.mjs', 'environment.mjs']) cpSync(join(HOSTS, file), join(folder, file))
    const link = join(temp, 'link to it')
    symlinkSync(folder, link)
    const expected = JSON.stringify(['API_TOKEN', 'HOME', 'PATH'])
    expect(await output([join(folder, 'environment.mjs')])).toBe(expected)
    expect(await output([join(link, 'environment.mjs')])).toBe(expected)
  })
})

describe('TypeScript that nothing in a child can read', () => {
  /** A folder from which tsx is not found, with a module of TypeScript in it. */
  function folderWithoutTsx(name: string): string {
    const folder = join(temp, name)
    mkdirSync(join(folder, 'node_modules'), { recursive: true })
    symlinkSync(root, join(folder, 'node_modules', 'latchkey'))
    cpSync(join(HOSTS, 'typed-jobs.ts'), join(folder, 'typed-jobs.ts'))
    cpSync(join(HOSTS, 'untyped.mjs'), join(folder, 'untyped.mjs'))
    cpSync(join(HOSTS, 'preload.cjs'), join(folder, 'preload.cjs'))
    return folder
  }
  test.each([
    ['by itself', []],
    ['with a preload that is no loader', ['--require', './preload.cjs']],
    ['with source maps', ['--enable-source-maps']],
  ])('is TS_NEEDS_LOADER, %s', async (how, more) => {
    const cwd = folderWithoutTsx(how)
    expect(await output([...WITHOUT_TYPES, ...more, 'untyped.mjs'], { cwd })).toMatch(/^TS_NEEDS_LOADER .*tsx/)
  })
})

test('a project is called after a loader, and preloads what is none: its TypeScript is read by tsx', async () => {
  const cwd = join(temp, 'typescript-app')
  mkdirSync(join(cwd, 'node_modules', 'preloaded'), { recursive: true })
  for (const name of ['latchkey', 'tsx']) {
    symlinkSync(name === 'latchkey' ? root : join(root, 'node_modules', name), join(cwd, 'node_modules', name))
  }
  for (const name of ['typed-jobs.ts', 'untyped.mjs']) cpSync(join(HOSTS, name), join(cwd, name))
  const preload = join(cwd, 'node_modules', 'preloaded', 'index.cjs')
  writeFileSync(preload, '')
  expect(await output([...WITHOUT_TYPES, '--require', preload, 'untyped.mjs'], { cwd })).toContain('API_TOKEN')
})

describe('two copies of the library', () => {
  test('agree: a host with one runs the functions of a module that registers with the other', async () => {
    const folder = join(temp, 'copies')
    for (const part of ['host', 'jobs']) {
      const installed = join(folder, part, 'node_modules', 'latchkey')
      mkdirSync(installed, { recursive: true })
      cpSync(join(root, 'dist'), join(installed, 'dist'), { recursive: true })
      cpSync(join(root, 'package.json'), join(installed, 'package.json'))
      for (const name of ['tinypool', 'zod', 'mustache', '@noble']) {
        symlinkSync(join(root, 'node_modules', name), join(folder, part, 'node_modules', name))
      }
    }
    cpSync(join(HOSTS, 'jobs.mjs'), join(folder, 'jobs', 'jobs.mjs'))
    cpSync(join(HOSTS, 'other-copy.mjs'), join(folder, 'host', 'other-copy.mjs'))
    const names = await output(['other-copy.mjs', '../jobs/jobs.mjs'], { cwd: join(folder, 'host') })
    expect(names).toBe(JSON.stringify(['API_TOKEN', 'HOME', 'PATH']))
  })
})

describe('functions of one name in several registries of a module', () => {
  test('each run their own code, and what cannot be told apart is refused', async () => {
    expect((await output(['--import', 'tsx', 'namesakes-host.ts'])).split('\n')).toEqual([
      'first with key-of-a',
      'second with key-of-b',
      'third with key-of-c',
      'fourth with key-of-d',
      'NOT_REGISTERED_IN_CHILD',
      'NOT_REGISTERED_IN_CHILD',
      'g with key-of-g',
      'NOT_REGISTERED_IN_CHILD',
    ])
  })

  test('also under vitest, whose lines and columns are not those of the children', async () => {
    const { close, connect, connected, first, fourth, looped, second, third } =
      await import('../fixtures/hosts/namesakes.ts')
    const calls = [first, second, third, fourth].map((fn) => fn(null))
    expect(await Promise.all([...calls, connected()])).toEqual([
      'first with key-of-a',
      'second with key-of-b',
      'third with key-of-c',
      'fourth with key-of-d',
      'g with key-of-g',
    ])
    for (const call of looped) {
      await expect(call()).rejects.toMatchObject({
        code: 'NOT_REGISTERED_IN_CHILD',
        message: expect.stringMatching(/^looped was registered more than once .* nothing tells which/) as string,
        hint: expect.stringContaining('a name of its own') as string,
      })
    }
    await expect(connect('h')()).rejects.toMatchObject({
      code: 'NOT_REGISTERED_IN_CHILD',
      message: expect.stringMatching(/^connected was not registered when/) as string,
    })
    await close()
  })
})

describe('under vitest', () => {
  test('functions of a TypeScript module that vitest has transformed run in children', async () => {
    const { fails, names, registry } = await import('../fixtures/hosts/typed-jobs.ts')
    expect(await names('done')).toEqual(expect.arrayContaining(['API_TOKEN', 'done']))
    await expect(fails()).rejects.toThrow('thrown on line 12')
    await registry.close()
  })

  test('a function that is registered in a test file is refused or fails, and never hangs', async () => {
    const registry = createRegistry({ store: memoryStore({ api: { API_TOKEN: 'tok-0123456789' } }), onLog: false })
    const call = registry.register({ name: 'in_a_test', secrets: ['api'] })(() => Promise.resolve(1))
    const code = await call().catch((error: unknown) => (error as { code: unknown }).code)
    expect(code).toMatch(/^(MAIN_MODULE|MODULE_FAILED|TS_NEEDS_LOADER)$/)
    expect(await call.with({ isolation: 'inline' })()).toBe(1)
    await registry.close()
  })
})

test('a host that only waits for the end of its registry lives to see it, although a watch does not end', async () => {
  const { code, stdout } = await startHost(['unending-watch.mjs']).ended
  expect([code, stdout]).toEqual([0, 'done\nclosed'])
})

describe('a host that is out of descriptors', () => {
  test('gets an error for its call, goes on, and is served when it has some again', async () => {
    const program = `ulimit -n 400; exec "${process.execPath}" out-of-descriptors.mjs`
    const { stdout, stderr } = await startHost(['-c', program], { file: '/bin/sh' }).ended
    expect(stderr).toBe('')
    expect(stdout).toBe(['WORKER_START_FAILED EMFILE', '["API_TOKEN","HOME","PATH"]', 'closed'].join('\n'))
  })
})

describe('everything in one bundle', () => {
  test.each([
    ['esm', 'mjs'],
    ['cjs', 'cjs'],
  ] as const)('of %s with the library inside gets a clear error, and never hangs', async (format, extension) => {
    const folder = join(temp, `bundle-${format}`)
    mkdirSync(folder)
    const outfile = join(folder, `main.${extension}`)
    const banner = "import { createRequire as r } from 'node:module'; const require = r(import.meta.url)"
    await build({
      entryPoints: [join(HOSTS, 'bundled.mjs')],
      bundle: true,
      platform: 'node',
      format,
      outfile,
      logLevel: 'silent',
      ...(format === 'esm' ? { banner: { js: banner } } : {}),
    })
    expect(await output([outfile])).toMatch(/^(BUNDLED|MAIN_MODULE|MODULE_UNKNOWN) .{20}/)
  })
})

describe('no child outlives its host', () => {
  test.each(['sleep', 'spin'])('that is killed while a child is in a %s', async (doing) => {
    const host = startHost(['ending.mjs', doing, 'wait'])
    const pid = Number(await host.line('log pid '))
    expect(isAlive(pid)).toBe(true)
    host.child.kill('SIGKILL')
    await host.ended
    await until(() => !isAlive(pid))
  })

  test.each([
    ['exits', 'sleep', 'exit', 0],
    ['exits', 'spin', 'exit', 0],
    ['throws', 'sleep', 'throw', 1],
    ['throws', 'spin', 'throw', 1],
  ])('that %s while a child is in a %s', async (_how, doing, way, code) => {
    const host = startHost(['ending.mjs', doing, way])
    const pid = Number(await host.line('log pid '))
    host.child.stdin?.write('now\n')
    expect((await host.ended).code).toBe(code)
    await until(() => !isAlive(pid))
  })

  test('that is terminated by SIGTERM while a child spins', async () => {
    const host = startHost(['ending.mjs', 'spin', 'wait'])
    const pid = Number(await host.line('log pid '))
    host.child.kill('SIGTERM')
    expect((await host.ended).signal).toBe('SIGTERM')
    await until(() => !isAlive(pid))
  })

  test('and an idle registry that nobody closed does not keep its host alive', async () => {
    const host = startHost(['ending.mjs', 'idle', 'return'])
    await host.line('served ')
    host.child.stdin?.write('now\n')
    expect((await host.ended).code).toBe(0)
  })
})
