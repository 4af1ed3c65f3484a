import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testSecretStore } from '../../src/testing/index.ts'
import { WAIT_LIMIT_MS } from '../helpers/limits.ts'
import { ROOT, temporaryFolder } from '../helpers/packed-package.ts'

/** What a runner said: how many tests passed, and the titles of those that failed. */
interface Report {
  readonly passed: number
  readonly failed: readonly string[]
}

interface Runner {
  readonly args: readonly string[]
  readonly report: (stdout: string) => Report
}

interface JsonReport {
  readonly numPassedTests: number
  readonly testResults: readonly { readonly assertionResults: readonly { title: string; status: string }[] }[]
}

/** The form of jest, which vitest has too. */
function jsonReport(stdout: string): Report {
  const { numPassedTests, testResults } = JSON.parse(stdout) as JsonReport
  const results = testResults.flatMap(({ assertionResults }) => assertionResults)
  return {
    passed: numPassedTests,
    failed: results.filter(({ status }) => status === 'failed').map(({ title }) => title),
  }
}

const bin = (path: string): string => join(ROOT, 'node_modules', path)
/** For the runners that end a test that takes more than 5 s. */
const LIMIT = `--testTimeout=${WAIT_LIMIT_MS}`
const RUNNERS: Readonly<Record<string, Runner>> = {
  'node:test': {
    args: ['--test', '--test-reporter=tap', 'node.test.mjs'],
    report: (stdout) => ({
      passed: Number(/^# pass (\d+)$/m.exec(stdout)?.[1]),
      // Groups that fail with a test are told too; the innermost are indented most.
      failed: [...stdout.matchAll(/^ {4,}not ok \d+ - (.+)\n(?:.*\n){0,4}?.*failureType: 'testCodeFailure'/gm)].map(
        ([, title = '']) => title,
      ),
    }),
  },
  vitest: { args: [bin('vitest/vitest.mjs'), 'run', '--reporter=json', LIMIT, 'vitest.test.mjs'], report: jsonReport },
  jest: {
    args: ['--experimental-vm-modules', bin('jest/bin/jest.js'), '--json', LIMIT, 'jest.test.mjs'],
    report: jsonReport,
  },
}

/** How many tests the suite has. */
let declared = 0
testSecretStore({
  describe: (_, body) => {
    body()
  },
  test: () => (declared += 1),
  factory: () => {
    throw new Error('No test runs.')
  },
})

/** A project of a stranger: the built package, the runners, and the suite on a store. */
const { folder, remove } = temporaryFolder()
beforeAll(() => {
  cpSync(join(ROOT, 'test/fixtures/runners'), folder, { recursive: true })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(ROOT, join(folder, 'node_modules/latchkey'))
  symlinkSync(bin('vitest'), join(folder, 'node_modules/vitest'))
  const jest = {
    testMatch: ['**/*.test.mjs'],
    transform: {},
    moduleFileExtensions: ['mjs', 'js'],
    watchman: false,
    cacheDirectory: join(folder, 'cache'),
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, jest }))
})
afterAll(remove)

/** Runs a runner to its end, without what the runner of this test put into the environment. */
function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; stdout: string }> {
  const { PATH = '', HOME = '' } = process.env
  return new Promise((resolve, reject) => {
    const options = { cwd: folder, env: { PATH, HOME, ...env }, timeout: WAIT_LIMIT_MS, maxBuffer: 64 * 1024 * 1024 }
    const child = execFile(process.execPath, [...args], options, (_, stdout, stderr) => {
      if (child.exitCode === null) reject(new Error(`${args.join(' ')} did not end: ${stderr}`))
      else resolve({ code: child.exitCode, stdout })
    })
  })
}

describe.each(Object.entries(RUNNERS))('under %s, the suite of the built package', (_, { args, report }) => {
  test('passes, test for test, for a store that keeps the contract', async () => {
    const { code, stdout } = await run(args, {})
    expect(report(stdout)).toEqual({ passed: declared, failed: [] })
    expect(code).toBe(0)
  })

  test('fails by the title of the test that a broken store breaks', async () => {
    const { code, stdout } = await run(args, { BROKEN: '1' })
    expect(report(stdout)).toEqual({ passed: declared - 1, failed: ['after close every verb fails with CLOSED'] })
    expect(code).not.toBe(0)
  })
})
