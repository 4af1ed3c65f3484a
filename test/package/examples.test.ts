import { createReadStream, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import ts from 'typescript'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { isRequired, startEngines } from '../helpers/examples/engines.ts'
import { choose, EXAMPLES, readExamples } from '../helpers/examples/example.ts'
import { npm } from '../helpers/examples/npm.ts'
import { ROOT, run, temporaryFolder } from '../helpers/packed-package.ts'

const examples = readExamples()
const text = (path: string): string => readFileSync(join(EXAMPLES, path), 'utf8')

/** The program files of an example. */
function programs(name: string): string[] {
  return readdirSync(join(EXAMPLES, name), { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.[cm]?[jt]s$/.test(path) && !/(^|\/)(node_modules|\.)/.test(path))
    .map((path) => `${name}/${path}`)
}

/** What a program imports or requires. */
function importsOf(path: string): string[] {
  const { importedFiles } = ts.preProcessFile(text(path), true, true)
  return importedFiles.map(({ fileName }) => fileName)
}

describe.each(examples.map((example) => [example.name, example] as const))('the example %s', (name, example) => {
  test('says what it shows, in its package.json and in a row of the page', () => {
    expect(example.description).toMatch(/\w/)
    expect(text('README.md')).toContain(`| [${name}](${name}) | `)
  })

  test('imports its own files, and packages that it declares: latchkey from the tarball, nothing of the repository', () => {
    const found = programs(name)
    expect(found).not.toEqual([])
    for (const path of found) {
      for (const specifier of importsOf(path)) {
        const [one = '', two = ''] = specifier.split('/')
        if (specifier.startsWith('.')) expect(specifier, path).toMatch(/^\.\/(?!.*\.\.)/)
        else if (!isBuiltin(specifier))
          expect(['latchkey', ...example.packages], `${path}: ${specifier}`).toContain(
            one.startsWith('@') ? `${one}/${two}` : one,
          )
      }
    }
  })
})

test('the page of the examples lists each, and no other', () => {
  const rows = [...text('README.md').matchAll(/^\| \[([\w-]+)\]\(\1\) \|/gm)].map(([, name = '']) => name)
  expect(rows.sort()).toEqual(examples.map(({ name }) => name))
})

test('the lock file of the examples tells versions and not where they came from, and holds no tarball of latchkey', () => {
  const { packages } = JSON.parse(text('package-lock.json')) as {
    packages: Record<string, { resolved?: string; link?: boolean }>
  }
  // What is linked is a folder of an example.
  const resolved = Object.values(packages).filter((one) => one.link !== true && one.resolved !== undefined)
  expect(resolved).toEqual([])
  expect(packages).not.toHaveProperty(['node_modules/latchkey'])
  for (const { name } of examples) expect(packages).toHaveProperty([name])
})

describe('the program that runs the examples', () => {
  const main = join(ROOT, 'test/helpers/examples/run.ts')
  afterEach(() => {
    vi.unstubAllEnvs()
  })

  test('runs those that are named, and all where none is', () => {
    expect(choose(examples, ['rotation', 'quickstart']).map(({ name }) => name)).toEqual(['quickstart', 'rotation'])
    expect(choose(examples, [])).toEqual(examples)
  })

  test('refuses a name that no example has, and installs nothing', async () => {
    const { code, stdout, stderr } = await run(process.execPath, ['--import', 'tsx', main, 'quickstat'], ROOT)
    expect(stderr).toContain('There is no example quickstat; there are: ')
    expect(stdout).toBe('')
    expect(code).not.toBe(0)
  })

  test('reads from a package.json which packages and engines an example has', () => {
    const { folder, remove } = temporaryFolder()
    const manifest = {
      description: 'jobs',
      dependencies: { bullmq: '5' },
      devDependencies: { tsx: '4' },
      engines: { node: '>=20', redis: '*' },
    }
    mkdirSync(join(folder, 'jobs'))
    mkdirSync(join(folder, 'node_modules'))
    writeFileSync(join(folder, 'jobs/package.json'), JSON.stringify(manifest))
    writeFileSync(join(folder, 'package.json'), '{}')
    const read = readExamples(folder)
    remove()
    expect(read).toEqual([{ name: 'jobs', description: 'jobs', packages: ['bullmq', 'tsx'], engines: ['redis'] }])
  })

  test('tells which engine is not here, and what would bring it', async () => {
    vi.stubEnv('PATH', '')
    vi.stubEnv('TEST_REDIS_URL', undefined)
    const wanted = 'TEST_REDIS_URL, or redis-server on PATH'
    expect(await startEngines(['redis'])).toEqual({ missing: 'redis', wanted })
  })

  test('gives an example the address of an engine that runs, in a variable', async () => {
    vi.stubEnv('TEST_REDIS_URL', 'redis://one:1')
    vi.stubEnv('TEST_POSTGRES_URL', 'postgres://two:2/db')
    const env = { REDIS_URL: 'redis://one:1', POSTGRES_URL: 'postgres://two:2/db' }
    expect(await startEngines(['redis', 'postgres'])).toMatchObject({ env })
  })

  test('refuses an engine that it does not know', async () => {
    await expect(startEngines(['rediss'])).rejects.toThrow('No engine is called rediss; there are: postgres, redis.')
  })

  test.skipIf(process.platform === 'win32')('ends an example that does not end, with what it has started', async () => {
    const { folder, remove } = temporaryFolder()
    const pipe = join(folder, 'pipe')
    await run('mkfifo', [pipe], folder)
    const program = `require('node:fs').createWriteStream('pipe').write('started'); setInterval(() => undefined, 1000)`
    writeFileSync(join(folder, 'wait.cjs'), program)
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { start: 'node wait.cjs & wait' } }))
    const controller = new AbortController()
    const ended = npm(['run', '--silent', 'start'], folder, { signal: controller.signal })
    // It has an end once nobody is left who has it open for writing.
    for await (const chunk of createReadStream(pipe, 'utf8')) {
      expect(chunk).toBe('started')
      controller.abort()
    }
    expect(await ended).toBe(1)
    remove()
  })

  test('gives the exit code of what npm runs', async () => {
    const { folder, remove } = temporaryFolder()
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { start: 'exit 3' } }))
    expect(await npm(['run', '--silent', 'start'], folder)).toBe(3)
    remove()
  })

  test.each([
    ['redis', 'postgres, redis', true],
    ['redis', 'postgres', false],
    ['redis', undefined, false],
  ])('takes the absence of %s under REQUIRE_ENGINES=%s for a failure: %s', (name, list, expected) => {
    expect(isRequired(name, list)).toBe(expected)
  })
})
